//! What a signature covers.

use std::borrow::Cow;

use sha2::{Digest as _, Sha256};

/// The bytes that are signed, in pieces: a body may have 25 MiB, and is not copied.
pub(super) struct Message<'a>(Vec<Cow<'a, [u8]>>);

impl<'a> Message<'a> {
    pub(super) fn of(parts: impl IntoIterator<Item = &'a [u8]>) -> Self {
        Self(parts.into_iter().map(Cow::Borrowed).collect())
    }

    pub(super) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Cow::as_ref)
    }

    /// All of it, in one piece.
    pub(super) fn whole(&self) -> Vec<u8> {
        self.0.concat()
    }

    pub(super) fn digest(&self) -> [u8; 32] {
        let mut digest = Sha256::new();
        self.parts().for_each(|part| digest.update(part));
        digest.finalize().into()
    }
}

impl<'a> FromIterator<Cow<'a, [u8]>> for Message<'a> {
    fn from_iter<I: IntoIterator<Item = Cow<'a, [u8]>>>(parts: I) -> Self {
        Self(parts.into_iter().collect())
    }
}

/// An address as HubSpot signs it: with these characters decoded, and no others.
/// <https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/request-validation>
pub(super) fn decoded_url(url: &str) -> String {
    const DECODED: [(&str, &str); 12] = [
        ("%3A", ":"),
        ("%2F", "/"),
        ("%3F", "?"),
        ("%40", "@"),
        ("%21", "!"),
        ("%24", "$"),
        ("%27", "'"),
        ("%28", "("),
        ("%29", ")"),
        ("%2A", "*"),
        ("%2C", ","),
        ("%3B", ";"),
    ];
    let (mut decoded, mut rest) = (String::with_capacity(url.len()), url);
    while let Some(at) = rest.find('%') {
        let (before, from) = rest.split_at(at);
        decoded.push_str(before);
        let is_next =
            |(code, _): &&(&str, &str)| from.get(..3).is_some_and(|next| next.eq_ignore_ascii_case(code));
        let known = DECODED.iter().find(is_next);
        decoded.push_str(known.map_or("%", |(_, character)| character));
        rest = &from[known.map_or(1, |_| 3)..];
    }
    decoded.push_str(rest);
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_decoded_once_and_only_where_hubspot_does() {
        for (url, decoded) in [
            ("https://a.example/hooks/x", "https://a.example/hooks/x"),
            ("https://a.example/x?src=hs%3Aapp%2Fv3&x=%28a%29", "https://a.example/x?src=hs:app/v3&x=(a)"),
            ("/%3f%2a%2C%3b%40%21%24%27", "/?*,;@!$'"),
            ("/%20%26%3D%25%2", "/%20%26%3D%25%2"),
            // What was encoded twice is decoded once.
            ("/%253A%", "/%253A%"),
            ("/é%é", "/é%é"),
        ] {
            assert_eq!(decoded_url(url), decoded);
        }
    }
}
