//! Checks that a form was sent from one of our own pages, in this browser and session, and that a request for a page
//! comes from a browser's window.
//!
//! A form must pass two checks: it has the token, which only our pages in this browser contain, and the browser's
//! headers say that it comes from our origin.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::addresses::Addresses;

const LABEL: &[u8] = b"riq dashboard form";
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token of the forms of a browser, in a session or without one. Both cookies have 256 random bits, so their hash
/// can be neither guessed nor reversed.
pub(crate) fn token(browser: &str, session: Option<&str>) -> String {
    let mut hash = Sha256::new();
    for part in [LABEL, browser.as_bytes(), session.unwrap_or_default().as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Whether a form has the expected token. Compares in constant time.
pub(crate) fn is_token(expected: &str, sent: &str) -> bool {
    expected.as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Whether the request comes from one of our own pages, by the browser's headers.
///
/// With our policy to send no referrer, browsers send `Origin: null` with a form (Fetch, "append a request `Origin`
/// header"). Then `Sec-Fetch-Site` decides. Browsers send that header only over TLS and to the local machine (Fetch
/// Metadata, section 2), so if the public URL is plain HTTP, a missing header means nothing.
pub(crate) fn is_from_here(headers: &HeaderMap, addresses: &Addresses) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let site = text(SEC_FETCH_SITE);
    let is_same_site = match site {
        Some(site) => site == "same-origin" || site == "none",
        None => true,
    };
    let is_same_origin = match text(header::ORIGIN) {
        None => true,
        Some("null") => site == Some("same-origin") || (site.is_none() && !addresses.is_secure()),
        Some(origin) => origin == addresses.origin(),
    };
    is_same_site && is_same_origin
}

/// Whether the request is for a browser's window, by the browser's headers. The reference page has the same origin and
/// runs a script that is not ours. Such scripts may neither read nor frame a page of the dashboard.
pub(crate) fn is_navigation(headers: &HeaderMap) -> bool {
    headers.get(SEC_FETCH_DEST).is_none_or(|destination| destination == "document")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_browser_and_one_session() {
        let one = token("a", Some("b"));
        for other in [token("a", None), token("a", Some("c")), token("c", Some("b")), token("ab", None)] {
            assert_ne!(one, other);
        }
        assert_eq!(one, token("a", Some("b")));
    }

    #[test]
    fn only_the_whole_token_counts() {
        let one = token("a", None);
        assert!(is_token(&one, &one));
        for wrong in ["", &one[1..], &format!("{one}x"), &one.replace(&one[..1], "~"), &token("b", None)] {
            assert!(!is_token(&one, wrong), "{wrong}");
        }
    }

    #[test]
    fn the_origin_of_a_form_by_the_headers_of_browsers() {
        let is_from_here = |public_url: &str, origin: Option<&str>, site: Option<&str>| {
            let mut headers = HeaderMap::new();
            origin.map(|value| headers.insert(header::ORIGIN, value.parse().unwrap()));
            site.map(|value| headers.insert(SEC_FETCH_SITE, value.parse().unwrap()));
            is_from_here(&headers, &Addresses::new(&public_url.parse().unwrap()))
        };
        let (tls, plain) = ("https://a.example/riq", "http://10.0.0.5:8080");
        for (url, origin, site) in [
            (tls, None, None),
            (tls, Some("https://a.example"), None),
            (tls, Some("https://a.example"), Some("same-origin")),
            (tls, Some("null"), Some("same-origin")),
            (tls, None, Some("none")),
            (plain, Some("null"), None),
            (plain, Some("http://10.0.0.5:8080"), None),
        ] {
            assert!(is_from_here(url, origin, site), "{url} {origin:?} {site:?}");
        }
        for (url, origin, site) in [
            (tls, Some("https://evil.example"), None),
            (tls, Some("https://evil.example"), Some("same-origin")),
            (tls, Some("https://a.example"), Some("cross-site")),
            (tls, Some("https://a.example"), Some("same-site")),
            (tls, Some("http://a.example"), None),
            (tls, Some("https://a.example:8443"), None),
            (tls, Some("null"), None),
            (tls, Some("null"), Some("cross-site")),
            (tls, Some("null"), Some("none")),
            (tls, None, Some("cross-site")),
            (tls, Some(""), None),
            (plain, Some("null"), Some("cross-site")),
            (plain, Some("http://10.0.0.5"), None),
        ] {
            assert!(!is_from_here(url, origin, site), "{url} {origin:?} {site:?}");
        }
    }
}
