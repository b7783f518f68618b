//! How the pages that customers see present themselves: what the operator has set, and what a project has of its own.

use std::{collections::BTreeMap, sync::Arc};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use integrations_core::{
    branding::{Accent, Branding, Support, media_type},
    issue::Issue,
    project::ProjectUpdate,
};
use sha2::{Digest as _, Sha256};

/// The largest file of a logo, in bytes.
const MAX_LOGO: usize = 32 * 1024;

/// A picture that pages load.
#[derive(Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its name in addresses, which changes with its content.
    pub name: String,
    /// Its media type.
    pub media_type: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Picture").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Picture {
    /// The picture in a file. The error says why it is none.
    pub fn new(file: &str, bytes: Vec<u8>) -> Result<Self, String> {
        let Some(media_type) = media_type(file) else {
            return Err("is no svg, png, webp or jpg file by its name".to_owned());
        };
        if bytes.len() > MAX_LOGO {
            return Err(format!(
                "has {} bytes, and {MAX_LOGO} is the most: every page loads it",
                bytes.len()
            ));
        }
        let is_what_it_says = match media_type {
            "image/png" => bytes.starts_with(b"\x89PNG\r\n\x1a\n"),
            "image/jpeg" => bytes.starts_with(b"\xff\xd8\xff"),
            "image/webp" => bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP"),
            _ => std::str::from_utf8(&bytes).is_ok_and(|text| text.contains("<svg")),
        };
        if !is_what_it_says {
            return Err(format!("is no {media_type}, as its name says"));
        }
        let hash = URL_SAFE_NO_PAD.encode(&Sha256::digest(&bytes)[..9]);
        let ending = file.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
        Ok(Self { name: format!("logo-{hash}.{ending}"), media_type, bytes })
    }
}

/// A logo, for light pages and perhaps another for dark ones.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Logo {
    /// For light pages.
    pub light: Picture,
    /// For dark pages. `None`: the same.
    pub dark: Option<Picture>,
}

/// What pages for customers are given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Brands {
    /// What the operator has set.
    pub own: Branding,
    /// The operator's logo.
    pub logo: Option<Arc<Logo>>,
    /// The logos that projects may name, by the names of their files.
    pub logos: BTreeMap<String, Arc<Logo>>,
}

/// How a page presents itself. What is missing is neutral.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// A name.
    pub name: Option<String>,
    /// A logo.
    pub logo: Option<Arc<Logo>>,
    /// The colour of buttons and links.
    pub accent: Option<Accent>,
    /// Whom a customer asks.
    pub support: Option<Support>,
}

impl Look {
    /// The look without a brand.
    pub const NEUTRAL: Self = Self { name: None, logo: None, accent: None, support: None };
}

impl Brands {
    /// The look of a project's pages. A project with a name of its own shows no logo of somebody else.
    pub fn look(&self, project: Option<&Branding>) -> Look {
        let nothing = Branding::default();
        let project = project.unwrap_or(&nothing);
        let logo = project.logo.as_ref().and_then(|file| self.logos.get(file)).cloned();
        let others = self.logo.clone().filter(|_| project.name.is_none());
        Look {
            name: project.name.clone().or_else(|| self.own.name.clone()),
            logo: logo.or(others),
            accent: project.accent.or(self.own.accent),
            support: project.support.clone().or_else(|| self.own.support.clone()),
        }
    }

    /// Checks that the logo that a project is to have is there. The issue says which are.
    pub fn check(&self, update: &ProjectUpdate) -> Result<(), Issue> {
        let named =
            update.branding.as_ref().and_then(Option::as_ref).and_then(|branding| branding.logo.as_ref());
        let Some(file) = named.filter(|file| !self.logos.contains_key(*file)) else { return Ok(()) };
        let there: Vec<&str> = self.logos.keys().map(String::as_str).collect();
        let there = if there.is_empty() { "none".to_owned() } else { there.join(", ") };
        Err(Issue::new("branding.logo", format!("The operator has no logo {file}; there is {there}")))
    }

    /// The picture with this name in an address.
    pub fn picture(&self, name: &str) -> Option<&Picture> {
        let logos = self.logos.values().chain(&self.logo);
        logos.flat_map(|logo| [Some(&logo.light), logo.dark.as_ref()]).flatten().find(|one| one.name == name)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_file_must_be_what_its_name_says() {
        assert!(Picture::new("a.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>".to_vec()).is_ok());
        assert!(Picture::new("a.PNG", b"\x89PNG\r\n\x1a\nrest".to_vec()).unwrap().name.ends_with(".png"));
        for (file, bytes) in
            [("a.png", b"<svg/>".to_vec()), ("a.html", Vec::new()), ("a.svg", vec![b'<'; MAX_LOGO + 1])]
        {
            assert!(Picture::new(file, bytes).is_err(), "{file}");
        }
    }

    #[test]
    fn a_project_comes_before_the_operator() {
        let logo = |text: &str| {
            let light = Picture::new("a.svg", format!("<svg>{text}</svg>").into_bytes()).unwrap();
            Arc::new(Logo { light, dark: None })
        };
        let read = |value| Branding::read(&value).unwrap();
        let brands = Brands {
            own: read(json!({"name": "Operator", "accent": "#4a45d8", "support": "help@operator.example"})),
            logo: Some(logo("operator")),
            logos: BTreeMap::from([("acme.svg".to_owned(), logo("acme"))]),
        };
        assert_eq!(brands.look(None).logo, brands.logo);
        let own = brands.look(Some(&read(json!({"name": "Acme"}))));
        assert_eq!((own.name.as_deref(), &own.logo), (Some("Acme"), &None));
        assert_eq!((own.accent, own.support), (brands.own.accent, brands.own.support.clone()));
        let with_logo = brands.look(Some(&read(json!({"logo": "acme.svg"}))));
        assert_eq!(
            (with_logo.name.as_deref(), with_logo.logo.as_ref()),
            (Some("Operator"), brands.logos.get("acme.svg"))
        );
        assert_eq!(brands.look(Some(&read(json!({"name": "Acme", "logo": "gone.svg"})))).logo, None);
        assert_eq!(Brands::default().look(None), Look::NEUTRAL);
    }
}
