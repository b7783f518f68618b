//! Reading the arguments that several commands take.

use reqwest::header::HeaderValue;

use crate::config::path_segment;

/// Reads a provider's key. Whether there is such a provider, the API says.
pub(crate) fn provider_key(text: &str) -> Result<String, String> {
    path_segment(text).map(|()| text.to_owned()).map_err(|why| format!("the name {why}"))
}

/// Reads an ETag for `If-Match`: as the API gives it, or without its quotes.
pub(crate) fn etag(text: &str) -> Result<HeaderValue, String> {
    let opaque = text.strip_prefix("W/").unwrap_or(text);
    let quoted = opaque.len() > 1 && opaque.starts_with('"') && opaque.ends_with('"');
    let text = if quoted || text == "*" { text.to_owned() } else { format!("\"{text}\"") };
    if text == "\"\"" || !text.bytes().all(|b| b.is_ascii_graphic()) {
        return Err("an ETag is visible ASCII, such as \"3\"".to_owned());
    }
    HeaderValue::from_str(&text).map_err(|_| "not a header's value".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_is_taken_with_and_without_quotes() {
        for (given, sent) in [("\"3\"", "\"3\""), ("3", "\"3\""), ("W/\"3\"", "W/\"3\""), ("*", "*")] {
            assert_eq!(etag(given).unwrap(), sent, "{given}");
        }
        for text in ["", "a b", "\u{7}", "é"] {
            assert!(etag(text).is_err(), "{text:?}");
        }
    }
}
