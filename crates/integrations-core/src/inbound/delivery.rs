//! A request to an address for events.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;

use serde_json::Value;
use url::form_urlencoded;

use crate::answer_body::AnswerBody;
use crate::catalog::Place;

/// A request, as it arrived. `Debug` shows neither headers nor body.
#[derive(Clone, Copy)]
pub struct Delivery<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// The address that the provider called: the public origin from the settings, never from the request's own headers,
    /// then path and query as they arrived. It holds the secret of the path, so it is never shown.
    pub url: &'a str,
    /// Name and value of each header. Those that are not visible ASCII are left out.
    pub headers: &'a [(&'a str, &'a str)],
    /// The raw body.
    pub body: &'a [u8],
}

impl fmt::Debug for Delivery<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Delivery").field("method", &self.method).finish_non_exhaustive()
    }
}

/// How often a header is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Header<'a> {
    Missing,
    /// Once, without spaces around it.
    Once(&'a str),
    /// Several times: which of them is meant cannot be known.
    Repeated,
}

impl<'a> Delivery<'a> {
    pub(super) fn header(&self, name: &str) -> Header<'a> {
        let mut values = self.headers.iter().filter(|(other, _)| other.eq_ignore_ascii_case(name));
        match (values.next(), values.next()) {
            (None, _) => Header::Missing,
            (Some((_, value)), None) => Header::Once(value.trim()),
            (Some(_), Some(_)) => Header::Repeated,
        }
    }

    /// The value of a header that is there once.
    pub(super) fn once(&self, name: &str) -> Option<&'a str> {
        match self.header(name) {
            Header::Once(value) => Some(value),
            Header::Missing | Header::Repeated => None,
        }
    }

    fn is_form(&self) -> bool {
        self.once("content-type").is_some_and(|kind| {
            let kind = kind.split(';').next().unwrap_or_default();
            kind.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
        })
    }

    /// The text at a place: of `body`, or of a header.
    pub(super) fn text(&self, place: &Place, body: &Value) -> Option<String> {
        match place {
            Place::Header(name) => self.once(name).and_then(clean),
            Place::Body(pointer) => pointer.of(body).and_then(text),
        }
    }

    /// The text at the first of these places that has one.
    pub(super) fn first_text(&self, places: &[Place], body: &Value) -> Option<String> {
        places.iter().find_map(|place| self.text(place, body))
    }
}

/// The JSON document of a request. It is taken out and parsed when it is first asked for.
pub(super) struct Document<'d> {
    delivery: &'d Delivery<'d>,
    form_field: Option<&'d str>,
    bytes: OnceCell<Cow<'d, [u8]>>,
    value: OnceCell<Option<Value>>,
}

impl<'d> Document<'d> {
    /// The body, or the field of it that has the JSON, if the body is a form.
    pub(super) fn of(delivery: &'d Delivery<'d>, form_field: Option<&'d str>) -> Self {
        Self { delivery, form_field, bytes: OnceCell::new(), value: OnceCell::new() }
    }

    /// Its bytes. None, if the form does not have the field.
    pub(super) fn bytes(&self) -> &[u8] {
        self.bytes.get_or_init(|| match self.form_field {
            Some(field) if self.delivery.is_form() => {
                let mut pairs = form_urlencoded::parse(self.delivery.body);
                let found = pairs.find(|(name, _)| name == field);
                Cow::Owned(found.map(|(_, value)| value.into_owned().into_bytes()).unwrap_or_default())
            }
            _ => Cow::Borrowed(self.delivery.body),
        })
    }

    /// Its value, read as leniently as an answer of a provider: bytes that are no UTF-8 spoil nothing beside them.
    pub(super) fn value(&self) -> Option<&Value> {
        let read = || AnswerBody::new(self.delivery.once("content-type"), self.bytes()).json();
        self.value.get_or_init(read).as_ref()
    }

    /// Its value, if it may be looked at. Otherwise nothing is parsed: what is not verified may be large rubbish.
    pub(super) fn value_if(&self, may_look: bool) -> Option<&Value> {
        if may_look { self.value() } else { None }
    }
}

/// The longest text that is taken out of an event, in characters.
const LONGEST_TEXT: usize = 255;

/// A value as text: a string, a number, true or false.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => clean(text),
        Value::Number(number) => clean(&number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A text without what a database or a page cannot hold: NUL, other control characters, and what stands for a lone
/// surrogate. `None`: nothing is left.
pub(super) fn clean(text: &str) -> Option<String> {
    let is_kept = |c: &char| !c.is_control() && *c != char::REPLACEMENT_CHARACTER;
    let text: String = text.chars().filter(is_kept).take(LONGEST_TEXT).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}
