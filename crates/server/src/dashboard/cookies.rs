//! The cookies of the dashboard (RFC 6265bis).

use cookie::SameSite;
use http::{HeaderMap, HeaderValue, header};
use time::Duration;

use super::addresses::Addresses;

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
    /// The secret of a sign-in with the provider, for the redirect back only. Each sign-in has its own, so several tabs
    /// can sign in at once.
    SignIn(Mark),
}

/// The beginning of a sign-in's state, which tells the cookies of several apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mark([u8; 8]);

impl Mark {
    /// The mark of a state. `None` if it is not one of ours.
    pub(crate) fn of(state: &str) -> Option<Self> {
        let begin = state.as_bytes().first_chunk().filter(|_| is_token(state));
        begin.copied().map(Self)
    }

    fn as_str(&self) -> &str {
        // It is the beginning of a token, which is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Cookie {
    /// Its name. Over TLS, the prefix prevents other hosts of the domain from setting it.
    fn name(self, addresses: &Addresses) -> String {
        let suffix = addresses.cookie_suffix();
        let name = match (self, addresses.is_secure()) {
            (Self::Browser, false) => "riq_browser",
            (Self::Browser, true) => "__Host-riq_browser",
            (Self::Session, false) => "riq_session",
            (Self::Session, true) => "__Host-riq_session",
            (Self::Install, false) => "riq_install",
            // `__Host-` requires the path `/`.
            (Self::Install, true) => "__Secure-riq_install",
            (Self::SignIn(mark), false) => return format!("riq_sign_in_{}_{suffix}", mark.as_str()),
            (Self::SignIn(mark), true) => return format!("__Secure-riq_sign_in_{}_{suffix}", mark.as_str()),
        };
        format!("{name}_{suffix}")
    }

    /// Its value in a request. `None` if it is there twice, because at least one of them was not set by this server.
    pub(crate) fn read<'a>(self, headers: &'a HeaderMap, addresses: &Addresses) -> Option<&'a str> {
        let name = self.name(addresses);
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let cookies = lines.flat_map(cookie::Cookie::split_parse).flatten();
        let mut values = cookies.filter(|one| one.name() == name).filter_map(|one| one.value_raw());
        let value = values.next().filter(|value| is_token(value));
        value.filter(|_| values.next().is_none())
    }

    /// The header that sets it. `path` is where the browser sends it: `/` for [`Cookie::Browser`] and
    /// [`Cookie::Session`]. `life` is
    /// how long the browser keeps it; `None`: until the browser is closed.
    pub(crate) fn set(
        self,
        value: &str,
        path: &str,
        life: Option<Duration>,
        addresses: &Addresses,
    ) -> Option<HeaderValue> {
        let mut cookie = cookie::Cookie::new(self.name(addresses), value);
        cookie.set_path(path);
        cookie.set_max_age(life);
        cookie.set_http_only(true);
        cookie.set_same_site(SameSite::Lax);
        cookie.set_secure(addresses.is_secure());
        HeaderValue::from_str(&cookie.to_string()).ok()
    }

    /// The header that removes it.
    pub(crate) fn clear(self, path: &str, addresses: &Addresses) -> Option<HeaderValue> {
        self.set("", path, Some(Duration::ZERO), addresses)
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
    const PLAIN: &str = "http://localhost:8080";
    const TLS: &str = "https://a.example/riq";

    fn at(public_url: &str) -> Addresses {
        Addresses::new(&public_url.parse().unwrap())
    }

    fn name(cookie: Cookie, public_url: &str) -> String {
        cookie.name(&at(public_url))
    }

    fn read(cookie: Cookie, lines: &[&str], public_url: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append(header::COOKIE, line.parse().unwrap());
        }
        cookie.read(&headers, &at(public_url)).map(str::to_owned)
    }

    #[test]
    fn a_cookie_is_found_among_others() {
        let line = format!("a=b; {}={VALUE};c=d", name(Cookie::Session, PLAIN));
        assert_eq!(read(Cookie::Session, &[&line], PLAIN).as_deref(), Some(VALUE));
        assert_eq!(read(Cookie::Browser, &[&line], PLAIN), None);
        assert_eq!(read(Cookie::Session, &[&line], TLS), None, "over TLS only with its prefix");
    }

    #[test]
    fn a_repeated_or_malformed_cookie_is_ignored() {
        let name = name(Cookie::Session, PLAIN);
        let one = format!("{name}={VALUE}");
        assert_eq!(read(Cookie::Session, &[&format!("{one}; {one}")], PLAIN), None);
        assert_eq!(read(Cookie::Session, &[&one, &one], PLAIN), None);
        for other in ["", "x", &format!("{VALUE}x"), &VALUE.replace('A', "%")] {
            assert_eq!(read(Cookie::Session, &[&format!("{name}={other}")], PLAIN), None, "{other}");
        }
    }

    /// A browser keeps one jar for a host, whatever the port (RFC 6265bis, section 8.5).
    #[test]
    fn servers_on_one_host_have_cookies_of_their_own() {
        let all = [
            PLAIN,
            "http://localhost:8081",
            "http://localhost",
            "http://localhost:8080/riq",
            "http://localhost:8080/riq/two",
        ];
        for (at, one) in all.iter().enumerate() {
            for other in &all[at + 1..] {
                assert_ne!(name(Cookie::Session, one), name(Cookie::Session, other), "{one} {other}");
            }
        }
        for (one, same) in [(TLS, "https://A.example/riq/"), ("https://a.example", "https://a.example:443/")]
        {
            assert_eq!(name(Cookie::Session, one), name(Cookie::Session, same), "{one} {same}");
        }
    }

    #[test]
    fn attributes() {
        let (day, tls, plain) = (Some(Duration::days(1)), at(TLS), at(PLAIN));
        let (secure, insecure) = (tls.cookie_suffix(), plain.cookie_suffix());
        assert_eq!(
            Cookie::Session.set("x", "/", day, &tls).unwrap(),
            format!("__Host-riq_session_{secure}=x; HttpOnly; SameSite=Lax; Secure; Path=/; Max-Age=86400")
        );
        assert_eq!(
            Cookie::Browser.set("x", "/", None, &plain).unwrap(),
            format!("riq_browser_{insecure}=x; HttpOnly; SameSite=Lax; Path=/")
        );
        assert_eq!(
            Cookie::Install.clear("/a", &tls).unwrap(),
            format!("__Secure-riq_install_{secure}=; HttpOnly; SameSite=Lax; Secure; Path=/a; Max-Age=0")
        );
    }
}
