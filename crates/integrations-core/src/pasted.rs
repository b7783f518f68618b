//! Reads what people paste: takes off what came along with a value, before the value is judged.
//!
//! Nothing here decides whether a value is right. Whatever comes out is still compared with the pattern of its field,
//! so a careless reading can be refused, but can never send a token to another host.

use crate::approved_hosts::OwnHost;
use crate::characters::{is_invisible, is_stray};
use crate::signing_key::pem_in;

/// What a value is. It says what may have been pasted around it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What a provider issues and nobody types: a key, a token, a client secret.
    Secret,
    /// A secret that a person may have chosen. It may contain spaces and quotes.
    Passphrase,
    /// The first part of a host name. It may be pasted as the whole host below one of these domains, such as
    /// `.myshopify.com`, or as an address there.
    Label(Vec<String>),
    /// A host name.
    Host,
    /// A host of the customer's own, in the form of [`OwnHost`].
    OwnHost {
        /// Whether it may have a port of its own.
        takes_port: bool,
    },
    /// An `https` URL without a query.
    Url,
    /// An e-mail address.
    Email,
    /// Any other value without spaces around it: a number, an id, a code.
    Plain,
    /// Text that people write for each other. Only its ends are tidied.
    Free,
    /// A secret of several lines, such as a private key in PEM. It may be pasted as the file that it is in.
    Lines,
}

/// Where a value stands in a longer text that people paste in its place, such as `https://admin.shopify.com/store/` …
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Surroundings {
    /// The text before the value.
    pub before: String,
    /// The text after the value; often empty.
    pub after: String,
}

impl Kind {
    /// The value that `text` means. Of several readings it is the first that `accepts` takes, else the plainest one.
    pub fn read(&self, text: &str, found_in: &[Surroundings], accepts: impl Fn(&str) -> bool) -> String {
        let text = match self {
            Self::Free => return text.trim_matches(is_stray).to_owned(),
            Self::Passphrase => return shown(text).trim().to_owned(),
            Self::Secret => return secret(text),
            Self::Lines => return lines(text),
            Self::Url => joined(&shown(text)).trim_end_matches(['.', ',', ';']).to_owned(),
            Self::Label(_) | Self::Host | Self::OwnHost { .. } | Self::Email | Self::Plain => shown(text),
        };
        let plain = unwrapped(&text).to_owned();
        let typed = unwrapped(&narrowed(&plain)).to_owned();
        let is_taken_out = matches!(self, Self::Label(_) | Self::Host | Self::OwnHost { .. } | Self::Email);
        let readings = [
            Some(plain).filter(|_| !is_taken_out),
            found_in.iter().find_map(|place| place.find(&typed, &accepts)),
            self.taken_out(&typed, &accepts),
            Some(typed.clone()).filter(|_| *self == Self::Plain),
            Some(typed.to_lowercase()).filter(|_| *self == Self::Plain),
        ];
        readings.into_iter().flatten().find(|reading| accepts(reading)).unwrap_or(typed)
    }

    /// The value, taken out of the address that it was pasted in.
    fn taken_out(&self, typed: &str, accepts: &impl Fn(&str) -> bool) -> Option<String> {
        match self {
            Self::Label(domains) => label(typed, domains),
            Self::Host => Address::read(typed).map(|address| address.host),
            Self::OwnHost { takes_port } => own_host(typed, *takes_port),
            Self::Url => Address::read(typed).filter(|address| !address.has_user).map(|address| {
                let until = |ends: &[char]| {
                    format!("https://{}{}", address.host, address.rest.split(ends).next().unwrap_or_default())
                };
                // A query may be a part of the secret.
                let (whole, url) = (until(&['#']), until(&['?', '#']));
                let readings = [whole.as_str()].into_iter().chain(shortened(&url));
                readings.into_iter().find(|url| accepts(url)).unwrap_or(&url).to_owned()
            }),
            Self::Email => email(typed),
            Self::Plain | Self::Secret | Self::Passphrase | Self::Free | Self::Lines => None,
        }
    }
}

impl Surroundings {
    /// The value, if `typed` is such a text. The value may end at any `/`; the longest that `accepts` takes counts.
    fn find(&self, typed: &str, accepts: &impl Fn(&str) -> bool) -> Option<String> {
        let address = Address::read(typed).map(|address| format!("https://{}{}", address.host, address.rest));
        let rest = [Some(typed), address.as_deref()];
        let rest = rest.into_iter().flatten().find_map(|text| text.strip_prefix(self.before.as_str()))?;
        if !self.after.is_empty() {
            return rest.split_once(self.after.as_str()).map(|(value, _)| value.to_owned());
        }
        let value = rest.split(['?', '#']).next().unwrap_or_default();
        let both =
            |value: &str| [value.to_owned(), value.to_lowercase()].into_iter().find(|one| accepts(one));
        shortened(value).find_map(both)
    }
}

/// Reads a secret: without anything that nobody sees, on one line, without quotes around it, and without what a header
/// or a file of variables has before it (`Authorization: Bearer …`, `API_KEY=…`).
pub fn secret(text: &str) -> String {
    let joined = narrowed(&joined(&shown(text)));
    let mut rest = unwrapped(&joined);
    loop {
        let shorter = unwrapped(without_introduction(rest));
        if shorter.len() == rest.len() {
            return rest.to_owned();
        }
        rest = shorter;
    }
}

/// Reads a secret of several lines, each without spaces around it.
fn lines(text: &str) -> String {
    let text = shown(text);
    let text = pem_in(&text).unwrap_or(text);
    let lines = text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).map(str::trim);
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The text without characters that nobody sees.
fn shown(text: &str) -> String {
    text.chars().filter(|c| !is_invisible(*c)).collect()
}

/// Full-width letters, digits and signs as their ASCII forms, every space as one, and hyphens as `-` (Unicode's block
/// Halfwidth and Fullwidth Forms).
fn narrowed(text: &str) -> String {
    let narrow = |c: char| match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{2010}' | '\u{2011}' => '-',
        '\n' | '\r' => c,
        _ if c.is_whitespace() => ' ',
        _ => c,
    };
    text.chars().map(narrow).collect()
}

/// The lines of a text, put together: a mail or a terminal breaks a long key.
fn joined(text: &str) -> String {
    text.split(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']).map(str::trim).collect()
}

/// The text without spaces, quotes and brackets around it, and without the comma or semicolon behind a quote.
fn unwrapped(text: &str) -> &str {
    const PAIRS: [(char, char); 4] = [('<', '>'), ('(', ')'), ('[', ']'), ('{', '}')];
    let is_quote = |c: char| "\"'`´“”„‟‘’‚‛«»‹›「」『』＂＇｀".contains(c);
    let mut rest = text.trim();
    loop {
        let bare = rest.trim_matches(is_quote);
        let separated = rest.strip_suffix([',', ';']).filter(|before| before.ends_with(is_quote));
        let pair = PAIRS.iter().find_map(|(open, close)| rest.strip_prefix(*open)?.strip_suffix(*close));
        let shorter = pair.or(separated).unwrap_or(bare).trim();
        if shorter.len() == rest.len() {
            return rest;
        }
        rest = shorter;
    }
}

/// The text behind the name of a header, of a variable, or of an authentication scheme (RFC 9110, sections 5 and 11.1).
fn without_introduction(text: &str) -> &str {
    let is_token = |name: &str| {
        !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if let Some((name, value)) = text.split_once(": ")
        && is_token(name)
    {
        return value;
    }
    let assignment = text.strip_prefix("export ").unwrap_or(text);
    if let Some((name, value)) = assignment.split_once('=')
        && name.contains('_')
        && name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
        && !value.trim_start_matches('=').is_empty()
    {
        return value;
    }
    match text.split_once(' ') {
        Some((scheme, value)) if ["bearer", "token"].contains(&scheme.to_ascii_lowercase().as_str()) => value,
        _ => text,
    }
}

/// A text as it is, then without its last path segment, and so on: `a/b/c`, `a/b`, `a`.
fn shortened(text: &str) -> impl Iterator<Item = &str> {
    let ends = text.rmatch_indices('/').map(|(at, _)| at).filter(|at| *at > 0);
    std::iter::once(text.len()).chain(ends).map(|end| &text[..end])
}

/// An address as a person copies it: scheme, user, default port and the dot behind the host may be there or not.
struct Address {
    has_user: bool,
    /// In lower case.
    host: String,
    /// Path, query and fragment.
    rest: String,
}

impl Address {
    /// Reads an address of the web. `None` for another scheme, another port, and what is no host name.
    fn read(text: &str) -> Option<Self> {
        let (authority, rest) = authority_and_rest(text)?;
        let (user, host) =
            authority.rsplit_once('@').map_or((None, authority), |(user, host)| (Some(user), host));
        let (host, port) = host.split_once(':').unwrap_or((host, ""));
        let host = host.strip_suffix('.').unwrap_or(host);
        let is_host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
        if !matches!(port, "" | "443" | "80") || host.is_empty() || !host.bytes().all(is_host) {
            return None;
        }
        Some(Self { has_user: user.is_some(), host: host.to_ascii_lowercase(), rest: rest.to_owned() })
    }
}

/// The authority of an address of the web (RFC 3986, section 3.2), and what follows it. `None`: it is none.
fn authority_and_rest(text: &str) -> Option<(&str, &str)> {
    if text.contains(|c: char| c.is_whitespace() || c == '\\') {
        return None;
    }
    let without = |scheme: &str| {
        let head = text.get(..scheme.len()).filter(|head| head.eq_ignore_ascii_case(scheme));
        head.map(|_| text[scheme.len()..].trim_start_matches('/'))
    };
    let bare =
        without("https:").or_else(|| without("http:")).or_else(|| text.strip_prefix("//")).unwrap_or(text);
    Some(bare.split_at(bare.find(['/', '?', '#']).unwrap_or(bare.len())))
}

/// A host of the customer's own, out of an address. `None` for one with a user, for another port if none is taken, and
/// for what is no host name.
fn own_host(typed: &str, takes_port: bool) -> Option<String> {
    let (authority, rest) = authority_and_rest(typed)?;
    let (name, port) = match authority.split_once(':') {
        None => (authority, None),
        // A scheme that is none of the web.
        Some((_, "")) if rest.starts_with("//") => return None,
        Some((name, "" | "443" | "80")) => (name, None),
        Some((name, port)) => (name, Some(port.parse().ok().filter(|_| takes_port)?)),
    };
    OwnHost::named(name, port).map(|host| host.to_string())
}

/// The part of a host before one of `domains`. Without a domain, only a name alone counts: what stands beside it may
/// belong to another host.
fn label(typed: &str, domains: &[String]) -> Option<String> {
    let address = Address::read(typed)?;
    let before = domains.iter().find_map(|domain| address.host.strip_suffix(domain.as_str()));
    match before {
        Some(label) => Some(label.to_owned()),
        None => (!address.has_user && matches!(address.rest.as_str(), "" | "/")).then_some(address.host),
    }
}

/// An address out of `Name <a@b>` or `mailto:a@b?subject=…`, its domain in lower case.
fn email(typed: &str) -> Option<String> {
    let inner = typed.rsplit_once('<').and_then(|(_, rest)| rest.strip_suffix('>')).unwrap_or(typed);
    let inner =
        inner.get(..7).filter(|head| head.eq_ignore_ascii_case("mailto:")).map_or(inner, |_| &inner[7..]);
    let address = inner.split('?').next().unwrap_or_default().trim().trim_end_matches('.');
    let (local, domain) = address.rsplit_once('@')?;
    Some(format!("{local}@{}", domain.to_ascii_lowercase()))
}
