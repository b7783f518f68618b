//! A secret of events, as a request enters it.

use std::time::Duration;

use crate::{
    fields::{BodyError, Fields, seconds, text},
    webhook::MAX_OVERLAP,
};

/// A secret that replaces the one before.
#[derive(Clone, PartialEq, Eq)]
pub struct EnteredSecret {
    /// The text, as it was pasted.
    pub secret: String,
    /// How long the one before counts too. Zero: it stops at once.
    pub overlap: Duration,
}

impl EnteredSecret {
    /// Reads the body of a request.
    pub fn read(body: &[u8]) -> Result<Self, BodyError> {
        let mut fields = Fields::read(body)?;
        let secret = fields.required("secret", text);
        let overlap = fields.optional("overlap_seconds", seconds(MAX_OVERLAP));
        fields.finish(secret.map(|secret| Self { secret, overlap: overlap.unwrap_or_default() }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_comes_with_an_overlap_or_without() {
        let read = EnteredSecret::read(br#"{"secret":"s","overlap_seconds":60}"#).unwrap();
        assert_eq!((read.secret.as_str(), read.overlap), ("s", Duration::from_secs(60)));
        assert_eq!(EnteredSecret::read(br#"{"secret":"s"}"#).unwrap().overlap, Duration::ZERO);
        for bad in [
            "{}",
            r#"{"secret":1}"#,
            r#"{"secret":"s","overlap_seconds":2592001}"#,
            r#"{"secret":"s","x":1}"#,
        ] {
            assert!(EnteredSecret::read(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
