//! Reads the body of a provider's answer, as leniently as browsers would.
//!
//! [`crate::json`] is strict, because a caller can send something better. A provider cannot be asked to, so whatever
//! can be understood is read: a byte order mark, any declared charset, stray bytes, lone surrogates, numbers that do
//! not fit, repeated keys, and JSON under any media type.

mod events;
mod fields;
mod json;

use encoding_rs::{Encoding, UTF_8, WINDOWS_1252};
use serde_json::{Map, Value};
use url::form_urlencoded;

pub use self::fields::AnswerFields;
use self::fields::insert;

/// The body of a provider's answer. It may hold tokens, so `Debug` shows nothing of it.
#[derive(Clone, Copy)]
pub struct AnswerBody<'a> {
    content_type: Option<&'a str>,
    bytes: &'a [u8],
    is_cut_off: bool,
}

impl std::fmt::Debug for AnswerBody<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("AnswerBody")
    }
}

impl<'a> AnswerBody<'a> {
    /// A body with the value of its `Content-Type` header.
    pub const fn new(content_type: Option<&'a str>, bytes: &'a [u8]) -> Self {
        Self { content_type, bytes, is_cut_off: false }
    }

    /// The same body, of which the end did not arrive.
    #[must_use]
    pub const fn cut_off(self) -> Self {
        Self { is_cut_off: true, ..self }
    }

    /// The JSON document that it holds, whatever its media type. `None`: it holds none, or only a part of one. Of a
    /// stream of events (`text/event-stream`) it is the data of the last one.
    ///
    /// If a key is repeated, the last value counts, but null and an empty string replace nothing. An integer of more
    /// than 64 bits and a number beyond the range of `f64` become strings of the same digits.
    pub fn json(&self) -> Option<Value> {
        let mut text = self.text();
        if self.content_type.is_some_and(is_event_stream) {
            text = events::last_data(&text, self.is_cut_off)?;
        }
        json::read(&text).filter(|read| read.is_whole).map(|read| read.value)
    }

    /// The fields that the token endpoint answers with: JSON, as far as it can be read, or else a form
    /// (`application/x-www-form-urlencoded`), which some providers send against RFC 6749, section 5.1. The media type
    /// decides nothing, because providers are careless with it. `None`: it is neither.
    pub fn fields(&self) -> Option<AnswerFields> {
        let text = self.text();
        let is_something = |read: &AnswerFields| {
            read.is_whole || read.value.as_object().is_some_and(|read| !read.is_empty())
        };
        // The last field of a form says nothing of where it ends.
        json::read(&text).filter(is_something).or_else(|| form(&text).filter(|_| !self.is_cut_off))
    }

    /// Whether it is a web page, as from a wrong URL or during maintenance.
    pub fn looks_like_html(&self) -> bool {
        let says_so = self
            .content_type
            .is_some_and(|name| name.trim_start().to_ascii_lowercase().starts_with("text/html"));
        says_so || self.text().trim_start_matches(json::is_gap).starts_with('<')
    }

    /// The body as text. The byte order mark says in which encoding, or else the declared charset, or else it is UTF-8
    /// (RFC 8259, section 8.1). A byte that is not UTF-8 is read as in windows-1252, the encoding that browsers fall
    /// back to.
    fn text(&self) -> String {
        let marked = Encoding::for_bom(self.bytes);
        let encoding = marked.map(|(encoding, _)| encoding).or_else(|| self.declared()).unwrap_or(UTF_8);
        let bytes = &self.bytes[marked.map_or(0, |(_, length)| length)..];
        if encoding != UTF_8 {
            return encoding.decode_without_bom_handling(bytes).0.into_owned();
        }
        let mut text = String::with_capacity(bytes.len());
        for chunk in bytes.utf8_chunks() {
            text.push_str(chunk.valid());
            text.push_str(&WINDOWS_1252.decode_without_bom_handling(chunk.invalid()).0);
        }
        text
    }

    /// The encoding that the `charset` parameter of the media type names.
    fn declared(&self) -> Option<&'static Encoding> {
        let parameters = self.content_type?.split(';').skip(1);
        let charset = parameters
            .filter_map(|parameter| parameter.split_once('='))
            .find(|(name, _)| name.trim().eq_ignore_ascii_case("charset"));
        let label = charset?.1.trim().trim_matches(['"', '\'']);
        Encoding::for_label(label.as_bytes())
    }
}

fn is_event_stream(content_type: &str) -> bool {
    content_type.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(events::MEDIA_TYPE)
}

/// Reads a form. `None`: this is not one, as its names are not names.
fn form(text: &str) -> Option<AnswerFields> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || "_-.[]".contains(c);
    let mut fields = Map::new();
    for (name, value) in form_urlencoded::parse(text.trim_matches(json::is_gap).as_bytes()) {
        if name.is_empty() || !name.chars().all(is_name) {
            return None;
        }
        insert(&mut fields, name.into_owned(), value.into_owned().into());
    }
    let is_form = text.contains('=') && !fields.is_empty();
    is_form.then(|| AnswerFields { value: Value::Object(fields), is_whole: true })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn json(content_type: &str, bytes: &[u8]) -> Option<Value> {
        AnswerBody::new(Some(content_type), bytes).json()
    }

    fn fields(text: &str) -> Option<Value> {
        AnswerBody::new(None, text.as_bytes()).fields().map(|fields| fields.value)
    }

    #[test]
    fn the_answer_in_a_stream_of_events_is_read() {
        let stream = "event: message\ndata: {\"a\": 1}\n\nevent: message\ndata: {\"b\": 2}\n\n".as_bytes();
        assert_eq!(json("Text/Event-Stream; charset=utf-8", stream), Some(json!({"b": 2})));
        assert_eq!(json("application/json", stream), None);
        assert_eq!(json("text/event-stream", b"event: ping\n\n"), None);
    }

    #[test]
    fn a_name_is_read_in_every_charset() {
        let expected = Some(json!({"name": "Café Zürich"}));
        let utf_8 = "{\"name\": \"Café Zürich\"}";
        let latin_1: Vec<u8> = utf_8.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
        let marked = [b"\xef\xbb\xbf", utf_8.as_bytes()].concat();
        let utf_16 =
            |to: fn(u16) -> [u8; 2]| "\u{feff}".encode_utf16().chain(utf_8.encode_utf16()).flat_map(to);
        for (content_type, bytes) in [
            ("application/json", utf_8.as_bytes().to_vec()),
            ("", utf_8.as_bytes().to_vec()),
            ("text/plain; charset=nonsense", utf_8.as_bytes().to_vec()),
            ("application/json", marked.clone()),
            ("application/json; charset=ISO-8859-1", latin_1.clone()),
            ("application/json;CHARSET=\"latin1\"; x=y", latin_1.clone()),
            // The mark knows better than the header.
            ("application/json; charset=ISO-8859-1", marked),
            // It is neither declared nor UTF-8.
            ("application/json", latin_1.clone()),
            ("application/json; charset=utf-8", latin_1),
            ("application/json", utf_16(u16::to_le_bytes).collect()),
            ("application/json", utf_16(u16::to_be_bytes).collect()),
        ] {
            assert_eq!(json(content_type, &bytes), expected, "{content_type} {bytes:?}");
        }
        assert_eq!(json("a/b; charset=shift_jis", b"\"\x93\xfa\x96\x7b\""), Some(json!("日本")));
    }

    #[test]
    fn one_stray_byte_spoils_nothing_beside_it() {
        assert_eq!(json("", b"{\"a\": \"caf\xc3\xa9\xe9\", \"b\": 1}"), Some(json!({"a": "caféé", "b": 1})));
        assert_eq!(json("", b"\0\x0b{\"a\": 1}\0\0"), Some(json!({"a": 1})));
        assert_eq!(json("", "\u{feff}\u{feff}\u{200b}[]".as_bytes()), Some(json!([])));
    }

    #[test]
    fn what_is_no_json_is_none() {
        for text in
            ["", " ", "<html></html>", "<!doctype html>{}", "OK", "Sorry {}", "{\"a\": 1", "{\"a\"", "[1, 2"]
        {
            assert_eq!(json("application/json", text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn a_form_is_read_where_there_is_no_json() {
        let expected = json!({"access_token": "gho_16C7e42F", "scope": "repo,gist", "expires_in": "28800"});
        assert_eq!(
            fields("access_token=gho_16C7e42F&scope=repo%2Cgist&expires_in=28800\r\n"),
            Some(expected)
        );
        assert_eq!(
            fields("error=bad_verification_code&a=x+y&a="),
            Some(json!({"error": "bad_verification_code", "a": "x y"}))
        );
        for text in ["", "access_token", "Sorry = bad", "<a href=\"?x=y\">", "=x", "a=b&=c"] {
            assert_eq!(fields(text), None, "{text}");
        }
        let cut_off = AnswerBody::new(None, b"access_token=gho_16C7").cut_off();
        assert_eq!(cut_off.fields(), None);
    }

    #[test]
    fn what_came_before_a_break_is_kept() {
        let read = |text: &str| AnswerBody::new(None, text.as_bytes()).fields();
        let part = |value: Value| Some(AnswerFields { value, is_whole: false });
        let whole = r#"{"access_token":"a","refresh_token":"b","expires_in":3600,"x":{"y":[1]}}"#;
        assert_eq!(
            read(&whole[..whole.len() - 2]),
            part(json!({"access_token": "a", "refresh_token": "b", "expires_in": 3600, "x": {"y": [1]}}))
        );
        // A number or a word at the break may be a part of one.
        assert_eq!(
            read(&whole[..whole.find("00,").unwrap()]),
            part(json!({"access_token": "a", "refresh_token": "b"}))
        );
        assert_eq!(read(&whole[..whole.find("b\"").unwrap()]), part(json!({"access_token": "a"})));
        assert_eq!(read("{\"a"), None);
    }

    #[test]
    fn a_web_page_is_told_by_type_or_content() {
        let is_page = |content_type: Option<&str>, text: &str| {
            AnswerBody::new(content_type, text.as_bytes()).looks_like_html()
        };
        assert!(is_page(Some("Text/HTML; charset=utf-8"), "Sorry"));
        assert!(is_page(None, "\u{feff}\n <!doctype html>"));
        assert!(!is_page(Some("application/json"), "{}"));
    }
}
