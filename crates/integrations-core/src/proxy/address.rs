//! Paths that a caller wrote.

use super::Refusal;

/// The most segments of a path.
const MAX_SEGMENTS: usize = 40;

/// A path below a provider's base URL. It is decoded once, and written anew from that, so the provider gets what was
/// judged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The decoded segments: printable ASCII.
    pub(super) segments: Vec<String>,
}

impl Address {
    /// Reads a path as it arrived, which begins with `/`. Refuses what a provider may read as another path: dot
    /// segments, empty segments, a dot or space at an end, parameters (`;`), backslashes, whatever is encoded although
    /// it would mean something, and what is not ASCII.
    pub(super) fn read(raw: &str) -> Result<Self, Refusal> {
        let Some(below) = raw.strip_prefix('/') else {
            return Err(Refusal::unclear("The path must begin with /"));
        };
        let segments: Vec<String> = below.split('/').map(segment).collect::<Result<_, _>>()?;
        if segments.len() > MAX_SEGMENTS {
            return Err(Refusal::Unclear(format!("The path has more than {MAX_SEGMENTS} segments")));
        }
        if segments.first().is_some_and(|first| first.contains(['@', ':'])) {
            return Err(Refusal::unclear("Write the path alone, without scheme, host or user"));
        }
        Ok(Self { segments })
    }

    /// The path as it is sent.
    pub(super) fn written(&self) -> String {
        let mut path = String::new();
        for segment in &self.segments {
            path.push('/');
            for byte in segment.bytes() {
                match byte {
                    b if b.is_ascii_alphanumeric() || b"-._~!$&'()*+,=:@".contains(&b) => path.push(b.into()),
                    b => path.push_str(&format!("%{b:02X}")),
                }
            }
        }
        path
    }
}

fn segment(raw: &str) -> Result<String, Refusal> {
    let mut decoded = String::new();
    let mut bytes = raw.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(plain(byte)?);
            continue;
        }
        let digits = [bytes.next(), bytes.next()].map(|digit| digit.and_then(|b| char::from(b).to_digit(16)));
        let [Some(high), Some(low)] = digits else {
            return Err(Refusal::unclear("The path has a % that is not followed by two hexadecimal digits"));
        };
        decoded.push(encoded(u8::try_from(high * 16 + low).unwrap_or_default())?);
    }
    if decoded.is_empty() {
        return Err(Refusal::unclear(
            "The path has an empty segment: write each / once, and none at the end",
        ));
    }
    if decoded.ends_with('.') || decoded.starts_with(' ') || decoded.ends_with(' ') {
        return Err(Refusal::unclear(
            "No segment of the path may be a dot, end with one, or begin or end with a space",
        ));
    }
    Ok(decoded)
}

/// A character that stands in the path as it is.
fn plain(byte: u8) -> Result<char, Refusal> {
    match byte {
        b'\\' | b';' | b'?' | b'#' => {
            Err(Refusal::Unclear(format!("The path must not have {}", char::from(byte))))
        }
        b'!'..=b'~' => Ok(byte.into()),
        _ => Err(Refusal::unclear("The path must be printable ASCII")),
    }
}

/// A character that was percent-encoded. Those that would mean something in a path are refused: a server that decodes
/// before it splits, or twice, would find another path.
fn encoded(byte: u8) -> Result<char, Refusal> {
    match byte {
        b'/' | b'\\' | b'.' | b';' | b'%' | b'?' | b'#' | b'@' => {
            let character = char::from(byte);
            Err(Refusal::Unclear(format!("The path must not have an encoded {character} (%{byte:02X})")))
        }
        b' '..=b'~' => Ok(byte.into()),
        _ => {
            Err(Refusal::Unclear(format!("The path must not have %{byte:02X}: only printable ASCII is sent")))
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_path_is_written_as_it_is_read() {
        for (raw, written) in [
            ("/v1/refunds", "/v1/refunds"),
            ("/%76%31/refunds", "/v1/refunds"),
            ("/chat.postMessage", "/chat.postMessage"),
            ("/v3/a.test/bounces/a+b@c.test", "/v3/a.test/bounces/a+b@c.test"),
            ("/labels/good%20first%22", "/labels/good%20first%22"),
            ("/a{b}", "/a%7Bb%7D"),
        ] {
            assert_eq!(Address::read(raw).unwrap().written(), written);
        }
    }

    #[test]
    fn what_may_be_read_as_another_path_is_refused() {
        for raw in [
            "",
            "v1/x",
            "/",
            "//x",
            "/x//y",
            "/x/",
            "/./x",
            "/x/..",
            "/x/../y",
            "/%2e%2e/x",
            "/x/%2E",
            "/x%2ey",
            "/x%2fy",
            "/x%2Fy",
            "/x%5cy",
            "/x\\y",
            "/x;y",
            "/x;a=1/y",
            "/x%3by",
            "/x%3Fy",
            "/x%23y",
            "/x?y",
            "/x#y",
            "/x%00",
            "/x%0d%0a",
            "/x%7f",
            "/x%252e",
            "/x%25",
            "/x%",
            "/x%2",
            "/x%zz",
            "/x.",
            "/x./y",
            "/...",
            "/%20x",
            "/x%20",
            "/x y",
            "/x\ty",
            "/ä",
            "/%c3%a4",
            "/%ef%bc%8f",
            "/https:/evil.test",
            "/https://evil.test",
            "/@evil.test/x",
            "/a@evil.test",
            "/:80@evil.test",
            "/x%40y",
        ] {
            assert!(matches!(Address::read(raw), Err(Refusal::Unclear(_))), "{raw}");
        }
        assert!(Address::read(&"/x".repeat(41)).is_err());
    }

    proptest! {
        #[test]
        fn what_is_sent_is_what_was_judged(raw in "/([!-~]|%[0-9a-fA-F]{2}){0,20}") {
            if let Ok(address) = Address::read(&raw) {
                let written = address.written();
                prop_assert_eq!(Address::read(&written).unwrap(), address);
                // A reader of URLs finds the same path on the same host.
                let url = url::Url::parse(&format!("https://a.test{written}")).unwrap();
                prop_assert_eq!(url.path(), written.as_str());
                prop_assert_eq!(url.host_str(), Some("a.test"));
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }
    }
}
