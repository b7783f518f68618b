//! Parses `application/x-www-form-urlencoded`, the format of query strings and of browsers' forms.
//!
//! The usual crates replace text that is not UTF-8 by U+FFFD, as browsers do. This module refuses it.

use std::fmt;

use integrations_core::issue::Issue;
use percent_encoding::percent_decode_str;

use super::failure::Failure;

/// A name or a value, or why it cannot be read.
type Decoded = Result<String, &'static str>;

/// The pairs of names and values in a text, in order.
pub(super) fn pairs(text: &str) -> impl Iterator<Item = (Decoded, Decoded)> {
    text.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(name), decode(value))
    })
}

/// Decodes a name or a value: `+` is a space.
fn decode(text: &str) -> Decoded {
    let spaced = text.replace('+', " ");
    let decoded = percent_decode_str(&spaced).decode_utf8().map_err(|_| "Must be UTF-8")?;
    if decoded.contains('\0') { Err("Must not contain the NUL character") } else { Ok(decoded.into_owned()) }
}

/// The fields of a form, in the order in which they were sent. `Debug` shows only the names, because values may be
/// secrets.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Form(Vec<(String, String)>);

impl Form {
    /// Reads a body. Refuses text that is not UTF-8 and NUL characters.
    pub(crate) fn read(body: &[u8]) -> Result<Self, Failure> {
        let invalid = |name: &str, reason: &str| {
            Failure::invalid("The form cannot be read", vec![Issue::new(name, reason)])
        };
        let text = std::str::from_utf8(body).map_err(|_| invalid("", "Must be UTF-8"))?;
        let mut fields = Vec::new();
        for (name, value) in pairs(text) {
            let name = name.map_err(|reason| invalid("", reason))?;
            let value = value.map_err(|reason| invalid(&name, reason))?;
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    /// The value of a field. The first one if there are several.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    /// The value of a field without surrounding blanks. Empty if there is none.
    pub(crate) fn trimmed(&self, name: &str) -> &str {
        self.get(name).unwrap_or_default().trim()
    }

    /// What follows `prefix` in the names of its fields: the boxes that are ticked, where each has a name of its own.
    pub(crate) fn under<'a>(&'a self, prefix: &'a str) -> impl Iterator<Item = &'a str> {
        self.0.iter().filter_map(move |(name, _)| name.strip_prefix(prefix))
    }

    /// Whether a checkbox is ticked. Browsers send only ticked ones.
    pub(crate) fn is_ticked(&self, name: &str) -> bool {
        self.get(name).is_some()
    }
}

impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
impl<const N: usize> From<[(&str, &str); N]> for Form {
    fn from(fields: [(&str, &str); N]) -> Self {
        Self(fields.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec())
    }
}

#[cfg(test)]
impl FromIterator<(String, String)> for Form {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(fields: I) -> Self {
        Self(fields.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_read_as_browsers_write_it() {
        let form = Form::read(b"csrf=x&a=1+2%26%C3%A9&a=second&on=on&empty=&=").unwrap();
        assert_eq!(form.get("a"), Some("1 2&é"));
        assert_eq!(form.trimmed("empty"), "");
        assert!(form.is_ticked("on") && !form.is_ticked("off"));
        let form = Form::read(b"scope.read=on&project.a=on&scope.keys%3Aread=on&scope=x").unwrap();
        assert_eq!(form.under("scope.").collect::<Vec<_>>(), ["read", "keys:read"]);
    }

    #[test]
    fn what_cannot_be_stored_is_refused_and_no_value_is_repeated() {
        for body in [&b"key=secret%FF"[..], b"key=secret%00", b"key=secret\xff", b"%FF=1"] {
            let error = Form::read(body).unwrap_err();
            assert!(!format!("{error:?}").contains("secret"), "{error:?}");
        }
        let form = Form::from([("api_key", "hush")]);
        assert_eq!(format!("{form:?}"), "[\"api_key\"]");
    }
}
