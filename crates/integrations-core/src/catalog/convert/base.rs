//! What several services of one company share: an OAuth definition, and an OAuth app. An `[auth.oauth]` table with
//! `base` has what it does not say itself from there.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::LazyLock;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use crate::catalog::embedded;
use crate::catalog::oauth::Base;

/// A base as its file says.
struct Read {
    base: Base,
    oauth: DeTable<'static>,
}

/// The bases that are built in, by key. That all can be read is tested.
static BASES: LazyLock<BTreeMap<String, Read>> = LazyLock::new(|| {
    let read = embedded::BASES.iter().filter_map(|(_, text)| {
        let file = DeTable::parse(text).ok()?.into_inner();
        let text = |key: &str| file.get(key).and_then(|value| value.get_ref().as_str()).map(str::to_owned);
        let base = Base { key: text("key")?.parse().ok()?, name: text("name")? };
        let oauth = file.get("oauth")?.get_ref().as_table()?.clone();
        Some((base.key.to_string(), Read { base, oauth }))
    });
    read.collect()
});

/// The base with this key.
pub(super) fn named(key: &str) -> Option<Base> {
    BASES.get(key).map(|read| read.base.clone())
}

/// Fills in what the ways of a document have from their bases. The error is where it is, and a message.
pub(super) fn complete(document: &mut DeTable<'_>) -> Result<(), (Range<usize>, String)> {
    let Some(DeValue::Array(ways)) = document.get_mut("auth").map(Spanned::get_mut) else { return Ok(()) };
    for way in ways.iter_mut() {
        let DeValue::Table(way) = way.get_mut() else { continue };
        let Some(DeValue::Table(oauth)) = way.get_mut("oauth").map(Spanned::get_mut) else { continue };
        let Some(named) = oauth.get("base") else { continue };
        let Some(key) = named.get_ref().as_str() else { continue };
        let Some(read) = BASES.get(key) else {
            let known: Vec<String> = BASES.keys().map(|key| format!("`{key}`")).collect();
            return Err((named.span(), format!("there is no base `{key}`; these are: {}", known.join(", "))));
        };
        for (key, value) in &read.oauth {
            if !oauth.contains_key(key) {
                oauth.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_base_is_read_and_called_as_its_file() {
        let names: Vec<String> = BASES.keys().map(|key| format!("{key}.toml")).collect();
        let files: Vec<&str> = embedded::BASES.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, files);
    }
}
