//! Requests that no person made: a browser's guess at what will be opened next, a preview of a link, a program that
//! looks at the head alone. Nothing may be used up by them.

use axum::response::Response;
use http::{HeaderMap, HeaderName, Method, StatusCode};
use maud::html;

use super::{
    addresses::Addresses,
    headers,
    view::{failure, frame::Frame},
};
use crate::program::OperatorCommands;

/// `Sec-Purpose` (Fetch, section 3.7), and what browsers sent before it and partly still send.
const PURPOSES: [HeaderName; 4] = [
    HeaderName::from_static("sec-purpose"),
    HeaderName::from_static("purpose"),
    HeaderName::from_static("x-purpose"),
    HeaderName::from_static("x-moz"),
];
const SPECULATIVE: [&str; 3] = ["prefetch", "prerender", "preview"];

/// The answer to a request that no person made. `None`: a person made it.
///
/// Browsers keep a successful answer for when the person comes, and drop any other. 425 (RFC 8470, section 5.2) says
/// that the server will not risk to act on the request now.
pub(super) fn answer(
    method: &Method,
    headers: &HeaderMap,
    addresses: &Addresses,
    request_id: &str,
) -> Option<Response> {
    if *method == Method::HEAD {
        return Some(headers::page(StatusCode::OK, html! {}));
    }
    let words = failure::Words {
        title: "Nothing was done yet",
        explanation: "This page was asked for before anybody opened it.",
        advice: "Load it again.",
        way_on: None,
        request_id,
    };
    let operator = OperatorCommands::default();
    let frame = Frame::of_nobody(addresses, &operator);
    let page = || headers::page(StatusCode::TOO_EARLY, failure::page(&frame, &words));
    is_speculative(headers).then(page)
}

fn is_speculative(headers: &HeaderMap) -> bool {
    let values = PURPOSES.into_iter().flat_map(|name| headers.get_all(name));
    let mut values = values.map(|value| String::from_utf8_lossy(value.as_bytes()).to_ascii_lowercase());
    values.any(|value| SPECULATIVE.iter().any(|purpose| value.contains(purpose)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_browsers_guess_and_show_in_advance_is_speculative() {
        let with = |name: &'static str, value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(name, value.parse().unwrap());
            is_speculative(&headers)
        };
        for (name, value) in [
            ("sec-purpose", "prefetch"),
            ("sec-purpose", "prefetch;prerender"),
            ("sec-purpose", "prefetch;anonymous-client-ip"),
            ("purpose", "prefetch"),
            ("purpose", "Preview"),
            ("x-purpose", "preview"),
            ("x-moz", "prefetch"),
        ] {
            assert!(with(name, value), "{name}: {value}");
        }
        assert!(!with("sec-purpose", "") && !with("purpose", "navigate") && !with("x-other", "prefetch"));
        assert!(!is_speculative(&HeaderMap::new()));
    }
}
