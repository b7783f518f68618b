//! The secret with which the events of a provider are verified.

use std::fmt;

use url::Url;

use super::field::Pattern;
use super::names::{Encoding, SecretSource};
use super::template::JsonPointer;
use crate::encodings;
use crate::pasted::Kind;

/// The shortest key that is written in an encoding, in bytes. Shorter ones come of typing errors.
const MIN_KEY_BYTES: usize = 16;
/// The longest secret, in characters.
const MAX_CHARACTERS: usize = 4096;

/// Where the secret comes from, and how it is read.
#[derive(Clone, Debug)]
pub struct EventSecret {
    /// Where it comes from.
    pub source: SecretSource,
    /// The setting that it was in earlier versions. It is retired.
    pub former_setting: Option<String>,
    /// Its name on the page.
    pub label: String,
    /// Where to find it, in a sentence or two.
    pub help: String,
    /// The page at the provider that shows it.
    pub page: Option<Url>,
    /// Whether the person makes it up, and enters it at the provider too. The page may then propose one.
    pub is_chosen_here: bool,
    /// What stands before the encoded key. It is no part of the key.
    pub prefix: String,
    /// How the key is written behind the prefix.
    pub encoding: Encoding,
    /// How many bytes the key has, where that is known.
    pub bytes: Option<usize>,
    /// What the whole text must match. People never see it.
    pub pattern: Option<Pattern>,
    /// What is expected, in words.
    pub mismatch: String,
    /// What people enter instead, and what they read then.
    pub hints: Vec<SecretHint>,
    /// Where the first request holds it, if it comes with that.
    pub pointer: Option<JsonPointer>,
}

/// A known mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretHint {
    /// How the mistaken text begins.
    pub begins: String,
    /// What to do instead, in words.
    pub say: String,
}

/// A key that events are verified with. `Debug` shows nothing of it.
#[derive(Clone, PartialEq, Eq)]
pub struct EventKey(Vec<u8>);

impl fmt::Debug for EventKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EventKey")
    }
}

impl EventKey {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl EventSecret {
    /// Reads a secret as it was pasted: takes off what came along, then judges it. Returns the text to store, of which
    /// [`Self::key`] makes the key. The error says what is expected, and does not repeat the secret.
    pub fn read(&self, text: &str) -> Result<String, String> {
        let kind = if self.is_chosen_here { Kind::Passphrase } else { Kind::Secret };
        let read = kind.read(text, &[], |_| true);
        if read.is_empty() {
            return Err(format!("{} is missing. {}", self.label, self.help));
        }
        if let Some(hint) = self.hints.iter().find(|hint| read.starts_with(hint.begins.as_str())) {
            return Err(hint.say.clone());
        }
        let is_long = read.chars().count() > MAX_CHARACTERS;
        let matches = self.pattern.as_ref().is_none_or(|pattern| pattern.matches(&read));
        if is_long || !matches || self.key(&read).is_none() {
            return Err(self.mismatch.clone());
        }
        Ok(read)
    }

    /// The key that a stored text stands for. `None`: it is not one, because the file has changed since.
    pub fn key(&self, text: &str) -> Option<EventKey> {
        let encoded = text.strip_prefix(self.prefix.as_str())?;
        let key = match self.encoding {
            Encoding::Text => encoded.as_bytes().to_vec(),
            Encoding::Hex => encodings::hex(encoded)?,
            Encoding::Base64 => encodings::base64(encoded)?,
        };
        let is_encoded = self.encoding != Encoding::Text;
        let is_too_short = key.is_empty() || is_encoded && key.len() < MIN_KEY_BYTES;
        let has_size = self.bytes.is_none_or(|bytes| key.len() == bytes);
        (!is_too_short && has_size).then_some(EventKey(key))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(encoding: Encoding, prefix: &str) -> EventSecret {
        EventSecret {
            source: SecretSource::Person,
            former_setting: None,
            label: "Signing secret".into(),
            help: "On the endpoint's page.".into(),
            page: None,
            is_chosen_here: false,
            prefix: prefix.into(),
            encoding,
            bytes: None,
            pattern: None,
            mismatch: "Expected a signing secret, which begins with whsec_".into(),
            hints: vec![SecretHint { begins: "v1,whsec_".into(), say: "Leave out v1 and the comma".into() }],
            pointer: None,
        }
    }

    #[test]
    fn one_text_is_another_key_under_another_encoding() {
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let plain = secret(Encoding::Text, "").key(text).unwrap();
        assert_eq!(plain.as_bytes(), text.as_bytes());
        let decoded = secret(Encoding::Base64, "whsec_").key(text).unwrap();
        assert_eq!(decoded.as_bytes().len(), 24);
        assert_eq!(format!("{decoded:?}"), "EventKey");
    }

    #[test]
    fn what_is_pasted_around_a_secret_is_taken_off() {
        let secret = secret(Encoding::Base64, "whsec_");
        let text = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        for pasted in [format!(" {text}\n"), format!("\"{text}\""), format!("\u{feff}{text}\u{200b}")] {
            assert_eq!(secret.read(&pasted).as_deref(), Ok(text), "{pasted:?}");
        }
    }

    #[test]
    fn a_chosen_secret_keeps_its_quotes_and_spaces() {
        let chosen = EventSecret { is_chosen_here: true, ..secret(Encoding::Text, "") };
        assert_eq!(chosen.read("It's a Secret to Everybody\n").unwrap(), "It's a Secret to Everybody");
        assert_eq!(chosen.read("s3cret\n").unwrap(), "s3cret");
    }

    #[test]
    fn mistakes_get_words_and_never_the_secret() {
        let secret = secret(Encoding::Base64, "whsec_");
        assert_eq!(
            secret.read("v1,whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap_err(),
            "Leave out v1 and the comma"
        );
        assert!(secret.read(" \n").unwrap_err().contains("is missing"));
        for bad in [
            // Without the prefix; another alphabet; no padding; bits left over; under 16 bytes; nothing.
            "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa-_",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS",
            "whsec_MfKQ9r8GKYqrTwjUPD8ILB==",
            "whsec_MfKQ9r8GKYqrTwj=",
            "whsec_",
        ] {
            assert_eq!(secret.read(bad).unwrap_err(), secret.mismatch, "{bad}");
        }
    }

    #[test]
    fn a_key_of_known_size_has_it() {
        let public = EventSecret { bytes: Some(32), ..secret(Encoding::Hex, "") };
        assert!(public.read(&"ab".repeat(32)).is_ok());
        assert!(public.read(&"ab".repeat(31)).is_err() && public.read(&"zz".repeat(32)).is_err());
    }
}
