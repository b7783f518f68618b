//! Projects: what a request names to make or change one.

use serde_json::Value;
use url::Host;

use crate::{
    branding::Branding,
    characters::is_stray,
    fields::{BodyError, Fields, name, or_null, text},
    name::hyphenated,
    return_address::{ReturnOrigin, return_origins},
};

/// The most characters of a slug, as of a label of the domain name system.
pub const MAX_SLUG: usize = 63;
/// What a name becomes of which nothing can stand in a slug.
const NAMELESS: &str = "project";

/// A project to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewProject {
    /// Its name.
    pub name: String,
    /// Its slug. `None`: one is made from the name.
    pub slug: Option<String>,
    /// The domain of the product that it is for.
    pub domain: Option<String>,
}

/// A change of a project. A field that is `None` does not change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProjectUpdate {
    /// Another name.
    pub name: Option<String>,
    /// Another slug.
    pub slug: Option<String>,
    /// Another domain, or none.
    pub domain: Option<Option<String>>,
    /// Other origins to which people are sent back after an installation.
    pub return_origins: Option<Vec<ReturnOrigin>>,
    /// Another branding of the pages that customers see, or none of its own.
    pub branding: Option<Option<Branding>>,
    /// Brings it back if it is archived.
    pub restore: bool,
}

impl NewProject {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read(body)?;
        let name = fields.required("name", name);
        let slug = fields.optional("slug", slug);
        let domain = fields.optional("domain", or_null(domain)).flatten();
        fields.finish(name.map(|name| Self { name, slug, domain }))
    }
}

impl ProjectUpdate {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_change(body)?;
        let name = fields.optional("name", name);
        let slug = fields.optional("slug", slug);
        let domain = fields.optional("domain", or_null(domain));
        let return_origins = fields.optional("return_origins", return_origins);
        let branding = fields.optional("branding", or_null(|value| Branding::read(&value)));
        let restore = fields.optional("archived", |value| match value {
            Value::Bool(false) => Ok(true),
            Value::Bool(true) => {
                Err("Only false, which brings the project back; DELETE archives it".to_owned())
            }
            _ => Err("Expected boolean".to_owned()),
        });
        let restore = restore.unwrap_or(false);
        fields.finish(Some(Self { name, slug, domain, return_origins, branding, restore }))
    }
}

fn slug(value: Value) -> Result<String, String> {
    let slug = text(value)?;
    let is_allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || slug.len() > MAX_SLUG || !slug.chars().all(is_allowed) {
        return Err(format!("Must be 1 to {MAX_SLUG} lower-case letters, digits and hyphens"));
    }
    if slug.starts_with('-') || slug.ends_with('-') {
        return Err("Must begin and end with a letter or digit".into());
    }
    Ok(slug)
}

/// Reads a domain. What people paste around it is taken off: scheme, path, capital letters.
fn domain(value: Value) -> Result<String, String> {
    const EXPECTED: &str = "Must be a domain, for example support.example.com";

    let pasted = text(value)?;
    let bare = pasted.trim_matches(is_stray);
    let bare = bare.split_once("://").map_or(bare, |(_, rest)| rest);
    let bare = bare.split(['/', '?', '#']).next().unwrap_or_default();
    let bare = bare.strip_suffix('.').unwrap_or(bare);
    match Host::parse(bare) {
        Ok(Host::Domain(domain)) if domain.contains('.') && domain.len() <= 253 => Ok(domain),
        _ => Err(EXPECTED.into()),
    }
}

/// The slug of a name: its letters and digits in lower case, with hyphens between them.
pub fn slug_of(name: &str) -> String {
    let slug = hyphenated(&name.replace('\'', ""), MAX_SLUG);
    if slug.is_empty() { NAMELESS.to_owned() } else { slug }
}

/// The slug to try if the one of a name is taken: the `number`th of that name.
pub fn numbered_slug(slug: &str, number: u32) -> String {
    let end = format!("-{number}");
    let mut numbered = slug.to_owned();
    numbered.truncate(MAX_SLUG - end.len());
    format!("{}{end}", numbered.trim_end_matches('-'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<NewProject, Vec<String>> {
        NewProject::read(body.to_string().as_bytes()).map_err(|error| match error {
            BodyError::Invalid(issues) => issues.into_iter().map(|issue| issue.to_string()).collect(),
            other => vec![other.to_string()],
        })
    }

    #[test]
    fn a_project_is_read() {
        let read =
            read(json!({"name": " Support ", "slug": "support-eu", "domain": "https://Help.Example.com/x"}));
        let expected = NewProject {
            name: "Support".into(),
            slug: Some("support-eu".into()),
            domain: Some("help.example.com".into()),
        };
        assert_eq!(read, Ok(expected));
    }

    #[test]
    fn what_is_no_project_is_refused_in_words() {
        for (body, issue) in [
            (json!({}), "name: Required"),
            (json!({"name": ""}), "name: Must not be blank"),
            (
                json!({"name": "a", "slug": "A"}),
                "slug: Must be 1 to 63 lower-case letters, digits and hyphens",
            ),
            (
                json!({"name": "a", "slug": ""}),
                "slug: Must be 1 to 63 lower-case letters, digits and hyphens",
            ),
            (json!({"name": "a", "slug": "-a"}), "slug: Must begin and end with a letter or digit"),
            (json!({"name": "a", "slug": null}), "slug: Expected string"),
            (
                json!({"name": "a", "domain": "localhost"}),
                "domain: Must be a domain, for example support.example.com",
            ),
            (
                json!({"name": "a", "domain": "10.0.0.1"}),
                "domain: Must be a domain, for example support.example.com",
            ),
            (
                json!({"name": "a", "domain": "a@b.example"}),
                "domain: Must be a domain, for example support.example.com",
            ),
            (json!({"name": "a", "domain": 1}), "domain: Expected string or null"),
            (json!({"name": "a", "ai_model": "x"}), "ai_model: Unknown field"),
        ] {
            assert_eq!(read(body.clone()), Err(vec![issue.to_owned()]), "{body}");
        }
    }

    #[test]
    fn a_change_brings_back_but_never_archives() {
        let read = |body: Value| ProjectUpdate::read(body.to_string().as_bytes());
        assert!(read(json!({"archived": false})).unwrap().restore);
        assert!(matches!(read(json!({"archived": true})), Err(BodyError::Invalid(_))));
        assert_eq!(read(json!({})), Err(BodyError::NoUpdates));
        assert_eq!(read(json!({"domain": null})).unwrap().domain, Some(None));
    }

    #[test]
    fn slugs_of_names() {
        for (name, slug) in [
            ("Acme Support", "acme-support"),
            ("  Bob's  Shop! ", "bobs-shop"),
            ("日本", "project"),
            ("---", "project"),
            ("Ünder", "nder"),
        ] {
            assert_eq!(slug_of(name), slug, "{name}");
        }
        assert_eq!(numbered_slug("acme", 2), "acme-2");
        assert_eq!(numbered_slug(&"a".repeat(63), 10), format!("{}-10", "a".repeat(60)));
    }

    proptest! {
        #[test]
        fn the_slug_of_any_name_is_a_slug(name in "\\PC{1,100}", number in 2u32..1000) {
            let of_name = slug_of(&name);
            prop_assert_eq!(slug(json!(of_name.clone())), Ok(of_name.clone()));
            let numbered = numbered_slug(&of_name, number);
            prop_assert_eq!(slug(json!(numbered.clone())), Ok(numbered));
        }
    }
}
