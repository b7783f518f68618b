//! An answer to a probe.

use std::fmt;

use serde_json::Value;

use crate::answer_body::AnswerBody;

/// An HTTP answer to a probe. `Debug` shows only the status.
#[derive(Clone, Copy)]
pub struct ProbeAnswer<'a> {
    /// The HTTP status.
    pub status: u16,
    /// Name (lower-case) and value of each header.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body.
    pub body: &'a [u8],
}

impl fmt::Debug for ProbeAnswer<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProbeAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ProbeAnswer<'_> {
    /// The body, with what the answer says of it.
    pub(crate) fn body(&self) -> AnswerBody<'_> {
        AnswerBody::new(self.header("content-type"), self.body)
    }

    /// The value of a header, without spaces around it. The first one if there are several.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

/// The code of an error in a body. Some providers write a number.
pub(crate) fn error_code(value: &Value) -> Option<String> {
    match value {
        Value::String(code) => Some(code.clone()),
        Value::Number(code) => Some(code.to_string()),
        _ => None,
    }
}
