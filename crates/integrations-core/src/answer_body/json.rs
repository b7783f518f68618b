//! The reader of JSON behind [`super::AnswerBody`].
//!
//! serde_json refuses a document for a lone surrogate, a control character or a number out of range, wherever it is,
//! and returns nothing of one that breaks off.

use serde_json::{Map, Number, Value};

use super::fields::{AnswerFields, insert};

/// How many levels are read. What is deeper ends the document.
const MAX_DEPTH: usize = 128;

/// Reads the first document in `text`. `None`: there is none. What follows an object or an array does not count.
pub(super) fn read(text: &str) -> Option<AnswerFields> {
    let mut reader = Reader { rest: text, is_whole: true };
    let value = reader.value(0)?;
    reader.skip_gap();
    let has_end = value.is_object() || value.is_array();
    (has_end || reader.rest.is_empty()).then_some(AnswerFields { value, is_whole: reader.is_whole })
}

/// What may stand between two tokens: whitespace, and what is invisible and means nothing.
pub(super) fn is_gap(c: char) -> bool {
    c.is_whitespace() || c.is_control() || matches!(c, '\u{feff}' | '\u{200b}'..='\u{200d}' | '\u{2060}')
}

struct Reader<'t> {
    rest: &'t str,
    /// Whether nothing was wrong so far. Otherwise every object and array ends where the reader is.
    is_whole: bool,
}

impl Reader<'_> {
    fn skip_gap(&mut self) {
        self.rest = self.rest.trim_start_matches(is_gap);
    }

    /// Skips a character, if it is next.
    fn skip(&mut self, c: char) -> bool {
        let after = self.rest.strip_prefix(c);
        self.rest = after.unwrap_or(self.rest);
        after.is_some()
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.skip_gap();
        match self.rest.chars().next()? {
            '{' | '[' if depth == MAX_DEPTH => None,
            '{' => Some(self.object(depth + 1)),
            '[' => Some(self.array(depth + 1)),
            '"' => self.string().map(Value::String),
            _ => self.word(depth),
        }
    }

    fn object(&mut self, depth: usize) -> Value {
        self.skip('{');
        let mut object = Map::new();
        while self.is_whole && !self.ends('}') {
            match self.member(depth) {
                Some((key, value)) => insert(&mut object, key, value),
                None => self.is_whole = false,
            }
        }
        Value::Object(object)
    }

    fn member(&mut self, depth: usize) -> Option<(String, Value)> {
        let key = self.string()?;
        self.skip_gap();
        self.skip(':').then_some(())?;
        Some((key, self.value(depth)?))
    }

    fn array(&mut self, depth: usize) -> Value {
        self.skip('[');
        let mut array = Vec::new();
        while self.is_whole && !self.ends(']') {
            match self.value(depth) {
                Some(value) => array.push(value),
                None => self.is_whole = false,
            }
        }
        Value::Array(array)
    }

    /// Skips the commas before the next item. Returns whether the end is there instead, and skips it.
    fn ends(&mut self, end: char) -> bool {
        self.rest = self.rest.trim_start_matches(|c| is_gap(c) || c == ',');
        self.skip(end)
    }

    fn string(&mut self) -> Option<String> {
        self.rest = self.rest.strip_prefix('"')?;
        let mut text = String::new();
        loop {
            let (before, from) = self.rest.split_at(self.rest.find(['"', '\\'])?);
            text.push_str(before);
            self.rest = &from[1..];
            if from.starts_with('"') {
                return Some(text);
            }
            text.push(self.escaped()?);
        }
    }

    /// The character that the rest of an escape sequence stands for.
    fn escaped(&mut self) -> Option<char> {
        let c = self.rest.chars().next()?;
        self.rest = &self.rest[c.len_utf8()..];
        Some(match c {
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => self.code_unit().map_or(char::REPLACEMENT_CHARACTER, |unit| self.character(unit)),
            other => other,
        })
    }

    /// The character that a UTF-16 code unit begins. Half of a surrogate pair without the other becomes U+FFFD.
    fn character(&mut self, unit: u16) -> char {
        let rest = self.rest;
        let mut units = vec![unit];
        if matches!(unit, 0xd800..=0xdbff) && rest.starts_with("\\u") {
            self.rest = &rest[2..];
            units.extend(self.code_unit());
        }
        match char::decode_utf16(units).next() {
            Some(Ok(c)) => c,
            _ => {
                self.rest = rest;
                char::REPLACEMENT_CHARACTER
            }
        }
    }

    /// Reads four hexadecimal digits.
    fn code_unit(&mut self) -> Option<u16> {
        let digits = self.rest.get(..4).filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()))?;
        self.rest = &self.rest[4..];
        u16::from_str_radix(digits, 16).ok()
    }

    /// Reads a number or a literal.
    fn word(&mut self, depth: usize) -> Option<Value> {
        let of_word = |c: char| c.is_ascii_alphanumeric() || "+-.".contains(c);
        let end = self.rest.find(|c| !of_word(c)).unwrap_or(self.rest.len());
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        match word {
            // The text breaks off here, so this may be the first part of a word.
            _ if rest.is_empty() && depth > 0 => None,
            "true" => Some(true.into()),
            "false" => Some(false.into()),
            // What JavaScript and Python write for a number that is none.
            "null" | "undefined" | "NaN" | "Infinity" | "-Infinity" => Some(Value::Null),
            number => self::number(number),
        }
    }
}

/// Reads a number. It stays exact: if 64 bits cannot hold it, it becomes a string.
fn number(word: &str) -> Option<Value> {
    if let Ok(integer) = word.parse::<i64>() {
        return Some(integer.into());
    }
    if let Ok(integer) = word.parse::<u64>() {
        return Some(integer.into());
    }
    let is_number = word.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
    let float = word.parse::<f64>().ok().filter(|_| is_number)?;
    let is_integer = word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let exact = Number::from_f64(float).filter(|_| !is_integer);
    Some(exact.map_or_else(|| word.into(), Value::Number))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn whole(text: &str) -> Value {
        let read = read(text).unwrap_or_else(|| panic!("{text} is not read"));
        assert!(read.is_whole, "{text} breaks off");
        read.value
    }

    #[test]
    fn what_a_strict_reader_refuses_is_read() {
        for (text, expected) in [
            (r#""a\ud800b""#, json!("a\u{fffd}b")),
            (r#""\udc00\ud83d\ude00\ud83d\u0041""#, json!("\u{fffd}😀\u{fffd}A")),
            (r#""\u12x\q\/""#, json!("\u{fffd}12xq/")),
            ("\"a\u{0}\n\tb\"", json!("a\u{0}\n\tb")),
            ("[1, 2, ]", json!([1, 2])),
            (r#"{"a": 1, "a": 2, "a": "", "a": null, "b": ""}"#, json!({"a": 2, "b": ""})),
            ("[3600.000000000000000000000, 007, +5, 1e3]", json!([3600.0, 7, 5, 1000.0])),
            ("[NaN, -Infinity, undefined, null]", json!([null, null, null, null])),
            (
                "[12345678901234567890123, -12345678901234567890, 18446744073709551615, 1e999]",
                json!([
                    "12345678901234567890123",
                    "-12345678901234567890",
                    18_446_744_073_709_551_615_u64,
                    "1e999"
                ]),
            ),
            ("{} {\"b\": 1}", json!({})),
        ] {
            assert_eq!(whole(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_too_deep_ends_the_document() {
        let deep = format!(r#"{{"a": 1, "b": {}"#, "[".repeat(1_000_000));
        let found = read(&deep).unwrap();
        assert!(!found.is_whole);
        assert_eq!(found.value["a"], 1);
    }

    /// JSON as serde_json writes it.
    fn values() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<u64>().prop_map(Value::from),
            // Others are written without a fraction.
            (-1e9_f64..1e9).prop_map(Value::from),
            ".*".prop_map(Value::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(".{0,8}", inner, 0..5).prop_map(|map| map.into_iter().collect()),
            ]
        })
    }

    proptest! {
        #[test]
        fn what_a_strict_reader_reads_is_read_the_same(value in values()) {
            for text in [value.to_string(), serde_json::to_string_pretty(&value).unwrap()] {
                prop_assert_eq!(read(&text), Some(AnswerFields { value: value.clone(), is_whole: true }));
            }
        }

        #[test]
        fn any_text_can_be_tried(text in r#"[\[\]{}":,\\ud8\-e019a ]{0,60}"#) {
            read(&text);
        }
    }
}
