//! What of the catalog is asked for: its filters, and where a page of what they leave begins.

use integrations_core::{
    catalog::{Category, Provider},
    encodings::to_hex,
    standing::Standing,
};
use sha2::{Digest as _, Sha256};
use utoipa::IntoParams;

/// What a cursor begins with.
const PREFIX: &str = "cat_";
/// How much of the digest of its query a cursor has, in bytes.
const DIGEST: usize = 8;

/// Filters of the catalog.
#[derive(Debug, IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct Filters {
    /// Words to search for in name, key, other names, category and description, the best match first. Every word must
    /// occur. Case and accents do not matter, and small typos are forgiven.
    #[param(pattern = r"^[^\x00]*$", example = "refund")]
    pub(super) q: Option<String>,
    /// Only providers of this category.
    #[param(example = "commerce")]
    pub(super) category: Option<Category>,
    /// Only providers whose plain account has this status in the project.
    #[param(example = "available")]
    pub(super) status: Option<Standing>,
}

/// Where a page begins: behind this provider, in the list of one query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Hexadecimal digits that only this query has.
    query: String,
    /// The key of the last provider before the page.
    after: String,
}

impl Cursor {
    /// The end of a page of the list that `filters` make.
    pub(super) fn after(provider: &Provider, filters: &Filters) -> Self {
        Self { query: digest(filters), after: provider.key.to_string() }
    }

    /// Reads a cursor. The error says what was expected.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('_'));
        let is_digest = |text: &str| text.len() == 2 * DIGEST && text.bytes().all(|b| b.is_ascii_hexdigit());
        match parts {
            Some((query, after)) if is_digest(query) && !after.is_empty() => {
                Ok(Self { query: query.to_owned(), after: after.to_owned() })
            }
            _ => Err("Expected the cursor of a page, cat_…".to_owned()),
        }
    }

    /// How many of `found` stand before the page. The error says why this is no cursor of theirs.
    pub(super) fn place(&self, found: &[&Provider], filters: &Filters) -> Result<usize, String> {
        if self.query != digest(filters) {
            return Err(
                "Is the cursor of another query: give the same q, category and status, or begin without \
                        a cursor"
                    .to_owned(),
            );
        }
        let place = found.iter().position(|provider| provider.key.as_str() == self.after);
        place.map(|place| place + 1).ok_or_else(|| {
            "The provider before this page is in the catalog no more: begin without a cursor".to_owned()
        })
    }
}

impl std::fmt::Display for Cursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{PREFIX}{}_{}", self.query, self.after)
    }
}

/// What tells a query from others. It is no secret, and guards nothing.
fn digest(filters: &Filters) -> String {
    let category = filters.category.map_or("", |category| category.as_str());
    let status = filters.status.map_or("", Standing::as_str);
    let q = filters.q.as_deref().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ");
    to_hex(&Sha256::digest(format!("{category}\n{status}\n{q}"))[..DIGEST])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_that_of_its_query_alone() {
        let of = |q: &str| Filters { q: Some(q.to_owned()), category: None, status: None };
        let cursor = Cursor { query: digest(&of("a b")), after: "slack".to_owned() };
        let read = Cursor::read(&cursor.to_string()).unwrap();
        assert_eq!(read, cursor);
        assert!(read.place(&[], &of("a")).unwrap_err().starts_with("Is the cursor of another query"));
        assert!(read.place(&[], &of(" a  b")).unwrap_err().starts_with("The provider before this page"));
        for rubbish in
            ["", "slack", "cat_", "cat_0123_slack", "cat_0123456789abcdef_", "aud_0123456789abcdef_x"]
        {
            assert_eq!(Cursor::read(rubbish), Err("Expected the cursor of a page, cat_…".to_owned()));
        }
    }
}
