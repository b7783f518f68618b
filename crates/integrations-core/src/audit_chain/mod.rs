//! The chain over an organization's audit log: what is hashed of each event, and how a chain is checked.
//!
//! Each event has a line: one JSON object with all of the event, its number in the chain, and the hash of the line
//! before it. The hash of a line is the SHA-256 of its bytes. So whoever knows the last number and hash can tell
//! whether any line up to there was changed.

mod line;
mod verify;
#[cfg(test)]
mod verify_test;

use std::{fmt, str::FromStr};

use sha2::{Digest as _, Sha256};

pub use self::{
    line::{Line, Recorded, UnreadableLine},
    verify::{Finding, FindingKind, Link, Verifier},
};

/// The path of the change by which an event `audit.pruned` says up to where the chain was removed: its value is a
/// [`Head`].
pub const PRUNED_TO: &str = "chain.removed_to";

/// The SHA-256 of a line.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LineHash([u8; 32]);

impl LineHash {
    /// What the first line of a chain names as the hash before it.
    pub const NONE: Self = Self([0; 32]);

    /// The hash of a line, without the line break.
    pub fn of(line: &str) -> Self {
        Self(Sha256::digest(line.as_bytes()).into())
    }
}

impl fmt::Display for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for LineHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A text is not the hash of a line or the head of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("expected NUMBER:HASH, such as 12:9f86…, with the 64 hexadecimal digits of a SHA-256")]
pub struct InvalidHead;

impl FromStr for LineHash {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(InvalidHead);
        }
        let mut hash = [0; 32];
        for (number, byte) in hash.iter_mut().enumerate() {
            let digits = text.get(2 * number..2 * number + 2).ok_or(InvalidHead)?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| InvalidHead)?;
        }
        Ok(Self(hash))
    }
}

/// The end of a chain, or of a part of it: the last number and the hash of its line. It is written `NUMBER:HASH`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// The number; the first line has 1.
    pub number: u64,
    /// The hash of the line with this number.
    pub hash: LineHash,
}

impl Head {
    /// The head of a chain without lines.
    pub const NONE: Self = Self { number: 0, hash: LineHash::NONE };

    /// The head after one more line.
    #[must_use]
    pub fn followed_by(self, line: &str) -> Self {
        Self { number: self.number.saturating_add(1), hash: LineHash::of(line) }
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.number, self.hash)
    }
}

impl FromStr for Head {
    type Err = InvalidHead;

    fn from_str(text: &str) -> Result<Self, InvalidHead> {
        let (number, hash) = text.trim().split_once(':').ok_or(InvalidHead)?;
        Ok(Self { number: number.parse().map_err(|_| InvalidHead)?, hash: hash.parse()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_is_written() {
        let head = Head::NONE.followed_by("{}");
        let text = "1:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(head.to_string(), text);
        assert_eq!(text.parse(), Ok(head));
        assert_eq!(format!(" {}\n", text.to_uppercase()).parse(), Ok(head));
        for wrong in
            ["", "1", "1:", "x:44", "-1:44", &text[..65], &format!("{text}0"), &text.replace('4', "é")]
        {
            assert_eq!(wrong.parse::<Head>(), Err(InvalidHead), "{wrong}");
        }
    }
}
