//! The cookies of the dashboard (RFC 6265bis).

use cookie::SameSite;
use http::{HeaderMap, HeaderValue, header};
use time::Duration;

/// A cookie. Scripts cannot read it, and browsers do not send it with background requests of other sites
/// (`SameSite=Lax`). They do send it with navigations, such as the redirect back from a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cookie {
    /// Identifies the browser. Forms and handshakes are bound to it.
    Browser,
    /// A person's session.
    Session,
    /// The opened install link, for its page only.
    Install,
}

impl Cookie {
    /// Its name. Over TLS, the prefix prevents other hosts of the domain from setting it.
    const fn name(self, is_secure: bool) -> &'static str {
        match (self, is_secure) {
            (Self::Browser, false) => "riq_browser",
            (Self::Browser, true) => "__Host-riq_browser",
            (Self::Session, false) => "riq_session",
            (Self::Session, true) => "__Host-riq_session",
            (Self::Install, false) => "riq_install",
            // `__Host-` requires the path `/`.
            (Self::Install, true) => "__Secure-riq_install",
        }
    }

    /// Its value in a request. `None` if it is there twice, because at least one of them was not set by this server.
    pub(crate) fn read(self, headers: &HeaderMap, is_secure: bool) -> Option<&str> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(cookie::Cookie::split_parse).flatten();
        let mut values =
            cookies.filter(|one| one.name() == self.name(is_secure)).filter_map(|one| one.value_raw());
        let value = values.next().filter(|value| is_token(value));
        value.filter(|_| values.next().is_none())
    }

    /// The header that sets it. `path` is where the browser sends it: `/` for all but [`Cookie::Install`]. `life` is
    /// how long the browser keeps it; `None`: until the browser is closed.
    pub(crate) fn set(
        self,
        value: &str,
        path: &str,
        life: Option<Duration>,
        is_secure: bool,
    ) -> Option<HeaderValue> {
        let mut cookie = cookie::Cookie::new(self.name(is_secure), value);
        cookie.set_path(path);
        cookie.set_max_age(life);
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_secure(is_secure);
        HeaderValue::from_str(&cookie.to_string()).ok()
    }

    /// The header that removes it.
    pub(crate) fn clear(self, path: &str, is_secure: bool) -> Option<HeaderValue> {
        self.set("", path, Some(Duration::ZERO), is_secure)
    }
}

/// Whether a value has the form of a [`crate::token::Token`]. These cookies hold only tokens.
pub(crate) fn is_token(value: &str) -> bool {
    value.len() == 43 && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const VALUE: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

    fn read(cookie: Cookie, lines: &[&str], is_secure: bool) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        cookie.read(&headers, is_secure).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let line = format!("a=b; riq_session={VALUE};c=d");
        assert_eq!(read(Cookie::Session, &[&line], false).as_deref(), Some(VALUE));
        assert_eq!(read(Cookie::Browser, &[&line], false), None);
        assert_eq!(read(Cookie::Session, &[&line], true), None, "over TLS only with its prefix");
    }

    #[test]
    fn a_repeated_or_malformed_cookie_is_ignored() {
        let one = format!("riq_session={VALUE}");
        assert_eq!(read(Cookie::Session, &[&format!("{one}; {one}")], false), None);
        assert_eq!(read(Cookie::Session, &[&one, &one], false), None);
        for other in ["", "x", &format!("{VALUE}x"), &VALUE.replace('A', "%")] {
            assert_eq!(read(Cookie::Session, &[&format!("riq_session={other}")], false), None, "{other}");
        }
    }

    #[test]
    fn attributes() {
        let day = Some(Duration::days(1));
        assert_eq!(
            Cookie::Session.set("x", "/", day, true).unwrap(),
            "__Host-riq_session=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400"
        );
        assert_eq!(
            Cookie::Browser.set("x", "/", None, false).unwrap(),
            "riq_browser=x; HttpOnly; SameSite=Lax; Path=/"
        );
        assert_eq!(
            Cookie::Install.clear("/a", true).unwrap(),
            "__Secure-riq_install=; HttpOnly; SameSite=Lax; Secure; Path=/a; Max-Age=0"
        );
    }
}
