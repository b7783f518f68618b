//! Where a person goes back to after an installation: the origins that a project allows, and addresses at them.
//!
//! A text is read as browsers read it (WHATWG URL Standard), and only what was read is stored, compared and sent on.
//! What browsers would mend in silence is refused, because another program may read it in another way.

use std::{cell::Cell, fmt};

use serde_json::Value;
use url::{Host, SyntaxViolation, Url};

use crate::{characters::is_stray, fields::list};

/// The most origins of a project.
pub const MAX_RETURN_ORIGINS: usize = 20;
/// The most bytes of an address to return to.
pub const MAX_RETURN_URL: usize = 2000;
/// The parameters in which the result is told. An address must not have them already, because programs read the first.
const TOLD: [&str; 3] = ["provider", "status", "code"];
/// The parameter in which the caller's own text goes back.
const STATE: &str = "state";

/// An origin to which a project sends people back: scheme, host and port, as browsers write them (RFC 6454, section
/// 6.2). `https`, or on the local machine also `http`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReturnOrigin(String);

impl ReturnOrigin {
    /// Reads an origin as it was pasted. The error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        const EXPECTED: &str = "Must be an origin: https, host and port, and nothing after them, for example https://app.example.com";

        let url = plain(text.trim_matches(is_stray)).map_err(|problem| problem.of_origin().to_owned())?;
        if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
            return Err(EXPECTED.to_owned());
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// The origin, as browsers write it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ReturnOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the origins of a project, without those that are named twice.
pub fn return_origins(value: Value) -> Result<Vec<ReturnOrigin>, String> {
    let mut origins = list(MAX_RETURN_ORIGINS, ReturnOrigin::read)(value)?;
    let mut known = Vec::with_capacity(origins.len());
    origins.retain(|origin| {
        let is_new = !known.contains(origin);
        known.push(origin.clone());
        is_new
    });
    Ok(origins)
}

/// An address to which a person is sent back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReturnUrl(Url);

impl ReturnUrl {
    /// Reads an address. The error says what is wrong with it.
    pub fn read(text: &str) -> Result<Self, String> {
        if text.len() > MAX_RETURN_URL {
            return Err(format!("Must have {MAX_RETURN_URL} bytes or fewer"));
        }
        let url = plain(text).map_err(|problem| problem.of_address().to_owned())?;
        match url.query_pairs().find(|(name, _)| TOLD.contains(&name.as_ref())) {
            Some((name, _)) => Err(format!("Must not have the parameter {name}: the result is told in it")),
            None => Ok(Self(url)),
        }
    }

    /// Whether it has a parameter of the caller's own under the name in which `state` goes back.
    pub fn has_state(&self) -> bool {
        self.0.query_pairs().any(|(name, _)| name == STATE)
    }

    /// Its origin.
    pub fn origin(&self) -> ReturnOrigin {
        ReturnOrigin(self.0.origin().ascii_serialization())
    }

    /// Whether it is at one of these origins, exactly.
    pub fn is_at(&self, origins: &[ReturnOrigin]) -> bool {
        origins.contains(&self.origin())
    }

    /// The host, for people, with the port if it is not the usual one.
    pub fn host(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        self.0.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }

    /// The address, as browsers write it.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// The address that tells a result: its own query is kept, and these parameters are added to it.
    pub fn telling(&self, told: &[(&str, &str)]) -> Url {
        let mut url = self.0.clone();
        url.query_pairs_mut().extend_pairs(told);
        url
    }
}

/// Why a text is no plain address of a page.
#[derive(Clone, Copy, Debug)]
enum NotPlain {
    /// It is not `https://HOST…` or `http://HOST…`.
    NoUrl,
    /// It has characters that browsers drop or mend.
    Mended,
    /// It has user info.
    UserInfo,
    /// It is `http` at another machine.
    NotEncrypted,
}

impl NotPlain {
    const fn of_origin(self) -> &'static str {
        match self {
            Self::NoUrl => "Must be an origin, for example https://app.example.com",
            Self::Mended => {
                "Must be written plainly: no backslash, no blank, no tab, two slashes after the colon"
            }
            Self::UserInfo => "Must have no user name and no password",
            Self::NotEncrypted => "Must begin with https://; http:// is for the local machine only",
        }
    }

    const fn of_address(self) -> &'static str {
        match self {
            Self::NoUrl => {
                "Must be the whole address of a page, for example https://app.example.com/settings"
            }
            other => other.of_origin(),
        }
    }
}

/// Reads a text that browsers read as it stands.
fn plain(text: &str) -> Result<Url, NotPlain> {
    let is_mended = Cell::new(false);
    let note = |violation: SyntaxViolation| {
        // These are what a careless reader takes for another host. Others concern what stands behind it.
        is_mended.set(
            is_mended.get()
                || matches!(
                    violation,
                    SyntaxViolation::Backslash
                        | SyntaxViolation::C0SpaceIgnored
                        | SyntaxViolation::ExpectedDoubleSlash
                        | SyntaxViolation::TabOrNewlineIgnored
                        | SyntaxViolation::UnencodedAtSign
                ),
        );
    };
    let url =
        Url::options().syntax_violation_callback(Some(&note)).parse(text).map_err(|_| NotPlain::NoUrl)?;
    // A host with `*` would be compared as it stands, and match nothing.
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(|host| host.contains('*')) {
        return Err(NotPlain::NoUrl);
    }
    if is_mended.get() {
        return Err(NotPlain::Mended);
    }
    // An empty user name before an `@` is dropped, so the text is looked at too.
    let authority = text.split_once("//").map_or("", |(_, rest)| rest).split(['/', '?', '#']).next();
    if !url.username().is_empty()
        || url.password().is_some()
        || authority.is_some_and(|part| part.contains('@'))
    {
        return Err(NotPlain::UserInfo);
    }
    if url.scheme() == "http" && !is_local(url.host()) {
        return Err(NotPlain::NotEncrypted);
    }
    Ok(url)
}

/// Whether a host is the local machine (RFC 6761, section 6.3).
fn is_local(host: Option<Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn origin(text: &str) -> Result<String, String> {
        ReturnOrigin::read(text).map(|origin| origin.0)
    }

    #[test]
    fn origins_are_kept_as_browsers_write_them() {
        for (text, kept) in [
            ("https://app.example", "https://app.example"),
            (" HTTPS://App.Example:443/ ", "https://app.example"),
            ("https://app.example:8443", "https://app.example:8443"),
            ("https://bücher.example", "https://xn--bcher-kva.example"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://shop.localhost", "http://shop.localhost"),
            ("http://127.0.0.1:80", "http://127.0.0.1"),
            ("http://[::1]:5173", "http://[::1]:5173"),
        ] {
            assert_eq!(origin(text), Ok(kept.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_no_origin_is_refused() {
        for text in [
            "",
            "app.example",
            "//app.example",
            "null",
            "*",
            "https://*.example",
            "https://app.example/settings",
            "https://app.example?",
            "https://app.example/#",
            "https://user@app.example",
            "https://@app.example",
            "https://:@app.example",
            "https:app.example",
            "https:/app.example",
            "https:\\\\app.example",
            "https://app.example\\",
            "https://app\t.example",
            "http://app.example",
            "http://localhost.example",
            "http://127.0.0.1.example",
            "http://10.0.0.1",
            "ftp://app.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc",
            "app://x",
        ] {
            assert!(origin(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn origins_are_named_once_and_not_without_end() {
        let read = |value| return_origins(value).map(|origins| origins.len());
        assert_eq!(read(json!([])), Ok(0));
        assert_eq!(read(json!(["https://a.example", "https://A.example:443", "https://b.example"])), Ok(2));
        assert!(
            read(json!(["https://a.example", "x"])).unwrap_err().starts_with("entry 1: Must be an origin")
        );
        let many: Vec<String> = (0..=MAX_RETURN_ORIGINS).map(|n| format!("https://a{n}.example")).collect();
        assert_eq!(read(json!(many)), Err("Must have 20 entries or fewer".into()));
    }

    /// Is it taken, with this one origin allowed? Then it must lead to that origin, however a browser reads it.
    fn lands(text: &str) -> Option<Url> {
        let allowed = [ReturnOrigin::read("https://app.example").unwrap()];
        let url = ReturnUrl::read(text).ok().filter(|url| url.is_at(&allowed))?;
        Some(url.telling(&[("status", "connected")]))
    }

    #[test]
    fn only_addresses_at_an_allowed_origin_are_taken() {
        for (text, landing) in [
            ("https://app.example", "https://app.example/?status=connected"),
            (
                "https://APP.example:443/a?tab=1&x=%2F#top",
                "https://app.example/a?tab=1&x=%2F&status=connected#top",
            ),
            ("https://app.example/?", "https://app.example/?status=connected"),
            ("https://app.example/a@b", "https://app.example/a@b?status=connected"),
            ("https://app.example/a/../b", "https://app.example/b?status=connected"),
            ("https://app。example/", "https://app.example/?status=connected"),
        ] {
            assert_eq!(lands(text).map(String::from).as_deref(), Some(landing), "{text}");
        }
        for text in [
            "https://app.example.evil.example/",
            "https://app.example@evil.example/",
            "https://app.example:x@evil.example/",
            "https://evil.example\\@app.example/",
            "https://evil.example\\.app.example/",
            "https:\\\\app.example",
            "https:/\\app.example",
            "https://app.example\\@evil.example",
            "https:app.example",
            "http:app.example",
            "http://app.example/",
            "https://app.example:8443/",
            "https://app.example./",
            "https://аpp.example/",
            "https://ap\tp.example/",
            "https://app.example/\n",
            "\u{1}https://app.example/",
            " https://app.example/",
            "//app.example/",
            "/settings",
            "https://app.exampl",
            "https://sub.app.example/",
            "javascript://app.example/%0aalert(1)",
            "blob:https://app.example/x",
        ] {
            assert_eq!(lands(text), None, "{text:?}");
        }
    }

    #[test]
    fn an_address_cannot_tell_a_result_in_advance() {
        for text in [
            "https://app.example/?status=connected",
            "https://app.example/?a=1&code",
            "https://app.example/?pr%6Fvider=x",
        ] {
            assert!(ReturnUrl::read(text).unwrap_err().starts_with("Must not have the parameter"), "{text}");
        }
        let own = ReturnUrl::read("https://app.example/?state=mine").unwrap();
        assert!(own.has_state());
        assert!(ReturnUrl::read(&format!("https://app.example/{}", "a".repeat(2000))).is_err());
    }
}
