//! Whether a form was sent from one of our own pages, in this browser, in this session, and whether a request is a
//! person's look at a page at all.
//!
//! Two things say so of a form, and both must: a token in the form, which only our pages in this browser hold, and what
//! the browser itself tells of where the request comes from.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, HeaderName, header};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::addresses::Addresses;

const LABEL: &[u8] = b"riq dashboard form";
const SEC_FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The token of the forms of a browser in a session, or before one. Both cookies hold 256 random bits, so that their
/// hash can be neither guessed nor turned back.
pub(crate) fn token(browser: &str, session: Option<&str>) -> String {
    let mut hash = Sha256::new();
    for part in [LABEL, browser.as_bytes(), session.unwrap_or_default().as_bytes()] {
        hash.update(part);
        hash.update([0]);
    }
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

/// Whether a form brought the token that it should have. Takes as long for any wrong one of its length.
pub(crate) fn is_token(expected: &str, sent: &str) -> bool {
    expected.as_bytes().ct_eq(sent.as_bytes()).into()
}

/// Whether the request comes from one of our own pages, as far as the browser tells.
///
/// Browsers that are told to send no referrer say `Origin: null` with a form (Fetch, "append a request `Origin`
/// header"), and then `Sec-Fetch-Site` decides. That is sent over TLS and to this machine alone (Fetch Metadata,
/// section 2): where the public URL is plain HTTP, its absence says nothing.
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

/// Whether the request is for a window of a browser, as far as the browser tells. Other pages of this origin run scripts
/// that are not ours (the reference): none of them may read a page of the dashboard, nor frame it.
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
    fn what_browsers_tell_of_where_a_form_comes_from() {
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
