//! Text with placeholders, such as the URLs and headers of provider files: `https://{subdomain}.example.com/me`.

use std::fmt;

use serde_json::Value;
use url::Url;

/// Text in which `{name}` stands for a value that is known only when a request is built.
#[derive(Clone, PartialEq, Eq)]
pub struct Template {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Placeholder(String),
}

/// What is wrong with a template.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// An opening brace without a closing one, or a closing one without an opening one.
    #[error("a `{{` without `}}`, or a `}}` without `{{`")]
    Brace,
    /// A placeholder that is not a lower-case name.
    #[error("`{{{0}}}` is not a placeholder: a name has lower-case letters, digits and `_`")]
    Name(String),
    /// Not a URL, or one that the server does not call.
    #[error("not a URL that the server can call: {0}")]
    Url(String),
}

/// Why a template cannot be filled in. The value itself is never part of the message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RenderError {
    /// A placeholder without a value.
    #[error("no value for `{0}`")]
    Missing(String),
    /// A value that would change the meaning of the URL.
    #[error("the value of `{0}` cannot be used in a URL")]
    Unsafe(String),
}

/// Where in a URL a placeholder stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Position {
    /// The beginning: scheme, host and perhaps path. The value is a complete `https` URL.
    Base,
    /// The whole host.
    Host,
    /// A part of the host, before a fixed domain, as in `{subdomain}.example.com`.
    Label,
    /// The path or the query, where the value is percent-encoded.
    Rest,
}

impl Template {
    /// Reads a template. A literal brace cannot be written; no provider needs one.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (literal, tail) = rest.split_at(open);
            let tail = tail.strip_prefix('{').ok_or(TemplateError::Brace)?;
            let (name, after) = tail.split_once('}').ok_or(TemplateError::Brace)?;
            if !is_name(name) {
                return Err(TemplateError::Name(name.to_owned()));
            }
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            }
            parts.push(Part::Placeholder(name.to_owned()));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        Ok(Self { text: text.to_owned(), parts })
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The names of its placeholders, in order. A name that the template repeats is repeated here too.
    pub fn placeholders(&self) -> impl Iterator<Item = &str> {
        self.parts.iter().filter_map(|part| match part {
            Part::Placeholder(name) => Some(name.as_str()),
            Part::Literal(_) => None,
        })
    }

    /// For each placeholder, the literal text behind it.
    fn after_placeholders(&self) -> impl Iterator<Item = &str> {
        let next = |index: usize| match self.parts.get(index + 1) {
            Some(Part::Literal(literal)) => literal.as_str(),
            Some(Part::Placeholder(_)) | None => "",
        };
        let is_placeholder = |part: &Part| matches!(part, Part::Placeholder(_));
        self.parts
            .iter()
            .enumerate()
            .filter(move |(_, part)| is_placeholder(part))
            .map(move |(index, _)| next(index))
    }

    /// The text with each placeholder replaced by its value, unchanged.
    pub fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<String, RenderError> {
        let mut text = String::with_capacity(self.text.len());
        for part in &self.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(name) => {
                    text.push_str(value(name).ok_or_else(|| RenderError::Missing(name.clone()))?);
                }
            }
        }
        Ok(text)
    }

    /// The same; `None` if a placeholder has no value, as that of an optional field. What would hold the text is left
    /// out.
    pub fn render_known<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        self.render(value).ok()
    }
}

impl fmt::Debug for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({:?})", self.text)
    }
}

/// Whether `name` is a valid name of a field, a setting, an action or a placeholder: `^[a-z][a-z0-9_]*$`.
pub fn is_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// A template of an `https` URL. Once filled in, it leads to a host that its author meant, provided that values in the
/// host match the pattern of their field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlTemplate {
    template: Template,
    positions: Vec<Position>,
    /// The one origin on this machine that it leads to, over plain HTTP.
    local: Option<Url>,
}

impl UrlTemplate {
    /// Reads a URL template: `https`, no user name or password, no fragment, and nothing between a leading
    /// placeholder and the path that follows it.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let template = Template::parse(text)?;
        let positions = positions(&template)?;
        let sample = |name: &str| {
            let at = template.placeholders().position(|other| other == name);
            let base = at.is_some_and(|at| positions.get(at) == Some(&Position::Base));
            Some(if base { "https://sample.example" } else { "sample" })
        };
        let url = template.render(sample).map_err(|error| TemplateError::Url(error.to_string()))?;
        check_url(&url).map_err(TemplateError::Url)?;
        Ok(Self { template, positions, local: None })
    }

    /// Puts an origin on this machine, over plain HTTP, in the place of the host. Nothing changes if values decide the
    /// host.
    pub(super) fn move_to(&mut self, origin: &Url) {
        if !self.has_fixed_host() {
            return;
        }
        self.template.text = moved(&self.template.text, origin);
        if let Some(Part::Literal(first)) = self.template.parts.first_mut() {
            *first = moved(first, origin);
        }
        self.local = Some(origin.clone());
    }

    /// The template as it was written.
    pub fn as_str(&self) -> &str {
        self.template.as_str()
    }

    /// The placeholders and where each stands, in order.
    pub fn placeholders(&self) -> impl Iterator<Item = (&str, Position)> {
        self.template.placeholders().zip(self.positions.iter().copied())
    }

    /// The placeholders that decide the host: the name, where it stands, and what follows it in the host.
    pub(super) fn in_host(&self) -> impl Iterator<Item = (&str, Position, &str)> {
        self.placeholders().zip(self.template.after_placeholders()).filter_map(|((name, position), after)| {
            let host = after.split(['/', '?']).next().unwrap_or_default();
            (position != Position::Rest).then_some((name, position, host))
        })
    }

    /// Whether it leads to the same host whatever the values are.
    pub fn has_fixed_host(&self) -> bool {
        self.positions.iter().all(|position| *position == Position::Rest)
    }

    /// The URL with every placeholder replaced by its value: percent-encoded in path and query, unchanged in the host.
    ///
    /// Refuses a value that would end the host or be a dot segment of the path, and a URL that is not `https` or has a
    /// user name or password.
    pub fn render<'v>(&self, value: impl Fn(&str) -> Option<&'v str>) -> Result<Url, RenderError> {
        let mut text = String::with_capacity(self.template.text.len());
        let mut positions = self.positions.iter().copied();
        let mut last = "";
        let is_whole = self.template.parts.len() == 1;
        for part in &self.template.parts {
            match part {
                Part::Literal(literal) => text.push_str(literal),
                Part::Placeholder(name) => {
                    last = name;
                    let value = value(name).ok_or_else(|| RenderError::Missing(name.clone()))?;
                    let position = positions.next().unwrap_or(Position::Rest);
                    // The URL of a webhook may have its secret in its query.
                    if position == Position::Base && is_whole {
                        text.push_str(value);
                        continue;
                    }
                    push_value(&mut text, position, value)
                        .ok_or_else(|| RenderError::Unsafe(name.clone()))?;
                }
            }
        }
        let checked = match &self.local {
            None => check_url(&text),
            Some(origin) => check_local(&text, origin),
        };
        checked.map_err(|_| RenderError::Unsafe(last.to_owned()))
    }
}

/// The text of an `https` URL with another origin in the place of its own.
pub(super) fn moved(text: &str, origin: &Url) -> String {
    let rest = text.strip_prefix("https://").unwrap_or_default();
    let path = &rest[rest.find(['/', '?', '#']).unwrap_or(rest.len())..];
    format!("{}{path}", origin.as_str().trim_end_matches('/'))
}

/// Reads a URL of one origin on this machine.
fn check_local(text: &str, origin: &Url) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    if is_plain && url.origin() == origin.origin() { Ok(url) } else { Err("it leads elsewhere".into()) }
}

/// Appends `value` as its position requires, or returns `None` if it would change the URL's meaning.
fn push_value(text: &mut String, position: Position, value: &str) -> Option<()> {
    let host = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    match position {
        Position::Base => {
            check_url(value).ok().filter(|url| url.query().is_none())?;
            text.push_str(value.strip_suffix('/').unwrap_or(value));
        }
        Position::Host | Position::Label => {
            // No pattern may match a port, so only a host that the operator approved can have one.
            let name = match value.split_once(':') {
                Some((name, port)) if position == Position::Host && port.parse::<u16>().is_ok() => name,
                _ => value,
            };
            (!name.is_empty() && name.bytes().all(host)).then_some(())?;
            text.push_str(value);
        }
        Position::Rest => {
            (!value.is_empty() && value != "." && value != "..").then_some(())?;
            text.extend(percent_encoded(value));
        }
    }
    Some(())
}

/// Writes every character as `%XX` except the unreserved ones of RFC 3986.
pub(crate) fn percent_encoded(value: &str) -> impl Iterator<Item = char> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    value.bytes().flat_map(|byte| {
        let digit = |nibble: u8| char::from(HEX[usize::from(nibble)]);
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            [Some(char::from(byte)), None, None]
        } else {
            [Some('%'), Some(digit(byte >> 4)), Some(digit(byte & 15))]
        }
        .into_iter()
        .flatten()
    })
}

/// Reads a URL that the server may call: `https`, a host name, no user information, no fragment.
pub(crate) fn check_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| error.to_string())?;
    if text.contains(|c: char| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err("it contains a space, a control character or a backslash".into());
    }
    if url.scheme() != "https" || !text.starts_with("https://") {
        return Err("it must begin with https://".into());
    }
    if !matches!(url.host(), Some(url::Host::Domain(_))) {
        return Err("its host must be a name, not an address".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it must have no user name or password".into());
    }
    if url.fragment().is_some() {
        return Err("it must have no fragment".into());
    }
    Ok(url)
}

/// Where each placeholder of a URL stands.
fn positions(template: &Template) -> Result<Vec<Position>, TemplateError> {
    let mut positions = Vec::new();
    let mut before = String::new();
    for (index, part) in template.parts.iter().enumerate() {
        let next = template.parts.get(index + 1);
        match part {
            Part::Literal(literal) => before.push_str(literal),
            Part::Placeholder(_) => {
                let position = position(&before, next)?;
                before.push_str(if position == Position::Base { "https://x" } else { "x" });
                positions.push(position);
            }
        }
    }
    Ok(positions)
}

fn position(before: &str, next: Option<&Part>) -> Result<Position, TemplateError> {
    let ends_authority = match next {
        None => true,
        Some(Part::Literal(literal)) => literal.starts_with(['/', '?']),
        Some(Part::Placeholder(_)) => false,
    };
    let followed_by_domain = matches!(next, Some(Part::Literal(literal)) if literal.starts_with('.'));
    match before.strip_prefix("https://") {
        _ if before.is_empty() && ends_authority => Ok(Position::Base),
        None => Err(TemplateError::Url("it must begin with https:// or with one placeholder".into())),
        Some(rest) if rest.contains(['/', '?']) => Ok(Position::Rest),
        Some("") if ends_authority => Ok(Position::Host),
        Some(_) if followed_by_domain => Ok(Position::Label),
        Some(_) => {
            Err(TemplateError::Url("a placeholder must be the whole host or come before a `.` in it".into()))
        }
    }
}

/// A place in a JSON document (RFC 6901), for example `/team/id`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonPointer(String);

impl JsonPointer {
    /// Reads a pointer. It begins with `/`, and contains `~` only as `~0` or `~1`. The empty pointer, which means the
    /// whole document, is refused: no provider answers with a bare string.
    pub fn parse(text: &str) -> Result<Self, String> {
        let escapes = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
        if text.starts_with('/') && text.len() > 1 && escapes {
            return Ok(Self(text.to_owned()));
        }
        Err("must be a JSON pointer (RFC 6901), for example /team/id".into())
    }

    /// Reads a pointer into the answer to an action, which may be a list: the empty pointer is the whole document.
    pub(super) fn parse_or_whole(text: &str) -> Result<Self, String> {
        if text.is_empty() { Ok(Self(String::new())) } else { Self::parse(text) }
    }

    /// The pointer as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The value at this place of `document`.
    pub fn of<'d>(&self, document: &'d Value) -> Option<&'d Value> {
        document.pointer(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn url(template: &str, value: &str) -> Result<String, RenderError> {
        UrlTemplate::parse(template).unwrap().render(|_| Some(value)).map(String::from)
    }

    #[test]
    fn a_template_keeps_its_literals_and_names_its_placeholders() {
        let template = Template::parse("Bearer {access_token}").unwrap();
        assert_eq!(template.placeholders().collect::<Vec<_>>(), ["access_token"]);
        assert_eq!(template.render(|_| Some("t")).unwrap(), "Bearer t");
        assert_eq!(template.render(|_| None), Err(RenderError::Missing("access_token".into())));
        for bad in ["{", "}", "a{b", "{a}}", "{}", "{A}", "{a b}", "{{a}}"] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_url_template_knows_where_its_placeholders_stand() {
        let position = |text: &str| UrlTemplate::parse(text).map(|url| url.positions);
        assert_eq!(position("{api_domain}/users/me").unwrap(), [Position::Base]);
        assert_eq!(position("{webhook_url}").unwrap(), [Position::Base]);
        assert_eq!(position("{api_domain}/users/{id}").unwrap(), [Position::Base, Position::Rest]);
        assert_eq!(position("https://{hostname}/x").unwrap(), [Position::Host]);
        assert_eq!(position("https://{shop}.example.com/{id}").unwrap(), [Position::Label, Position::Rest]);
        assert_eq!(position("https://a.example/x?y={z}").unwrap(), [Position::Rest]);
        for (text, is_fixed) in [
            ("https://a.example/x", true),
            ("https://a.example/x?y={z}", true),
            ("{api_domain}/users/{id}", false),
            ("https://{hostname}/x", false),
            ("https://{shop}.example.com/{id}", false),
        ] {
            assert_eq!(UrlTemplate::parse(text).unwrap().has_fixed_host(), is_fixed, "{text}");
        }
        for bad in [
            "http://a.example",
            "{a}.evil.example/",
            "{a}{b}",
            "https://{a}{b}.example",
            "https://x{a}/",
            "https://{a}@b.example",
            "https://{a}:1/",
            "https://u@a.example/",
            "https://127.0.0.1/",
            "https://a.example/#x",
            "https://a.example/ x",
            "ftp://a.example",
            "/x",
            "",
        ] {
            assert!(position(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn values_cannot_leave_their_place_in_the_url() {
        assert_eq!(
            url("https://a.example/{x}", "b/c?d#e %").unwrap(),
            "https://a.example/b%2Fc%3Fd%23e%20%25"
        );
        assert_eq!(url("https://a.example/{x}/y", ".."), Err(RenderError::Unsafe("x".into())));
        assert_eq!(url("https://{x}.a.example/", "b").unwrap(), "https://b.a.example/");
        for hostile in ["evil.com/", "a@b", "a:1", "a\r\nb", "a。b", "", "a b", "a\\b", "a#", "a?"] {
            assert_eq!(
                url("https://{x}.a.example/", hostile),
                Err(RenderError::Unsafe("x".into())),
                "{hostile:?}"
            );
        }
        assert_eq!(url("{x}/me", "https://b.example").unwrap(), "https://b.example/me");
        assert_eq!(url("{x}/me", "https://b.example/").unwrap(), "https://b.example/me");
        for hostile in [
            "http://b.example",
            "https://u@b.example",
            "https://10.0.0.1",
            "b.example",
            "https://b.example/#",
        ] {
            assert_eq!(url("{x}/me", hostile), Err(RenderError::Unsafe("x".into())), "{hostile:?}");
        }
    }

    #[test]
    fn a_moved_template_leads_to_its_origin_alone() {
        let origin = "http://127.0.0.2:8081/".parse().unwrap();
        for (text, moved) in [
            ("https://a.example", "http://127.0.0.2:8081/"),
            ("https://a.example/v1/{x}?y={x}", "http://127.0.0.2:8081/v1/b%2F..?y=b%2F.."),
        ] {
            let mut template = UrlTemplate::parse(text).unwrap();
            template.move_to(&origin);
            assert_eq!(template.render(|_| Some("b/..")).unwrap().as_str(), moved, "{text}");
            assert!(template.as_str().starts_with("http://127.0.0.2:8081"), "{template:?}");
        }
        let mut chosen = UrlTemplate::parse("https://{x}.a.example/").unwrap();
        chosen.move_to(&origin);
        assert_eq!(chosen.render(|_| Some("b")).unwrap().as_str(), "https://b.a.example/");
    }

    #[test]
    fn a_pointer_is_of_rfc_6901() {
        let document = serde_json::json!({"team": {"id": "T1"}, "a/b": 1});
        assert_eq!(JsonPointer::parse("/team/id").unwrap().of(&document), Some(&"T1".into()));
        assert_eq!(JsonPointer::parse("/a~1b").unwrap().of(&document), Some(&1.into()));
        for bad in ["", "/", "team", "/~", "/~2"] {
            assert!(JsonPointer::parse(bad).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_value_in_the_path_never_changes_the_host(value in ".{1,40}") {
            let template = UrlTemplate::parse("https://a.example/v1/{x}/end").unwrap();
            if let Ok(url) = template.render(|_| Some(&value)) {
                prop_assert_eq!(url.host_str(), Some("a.example"));
                prop_assert!(url.path().starts_with("/v1/") && url.path().ends_with("/end"), "{}", url);
                prop_assert_eq!(url.query(), None);
            }
        }

        #[test]
        fn a_value_in_the_host_never_takes_over_its_domain(value in ".{0,20}") {
            let template = UrlTemplate::parse("https://{x}.a.example/").unwrap();
            if let Ok(url) = template.render(|_| Some(&value)) {
                prop_assert!(url.host_str().unwrap().ends_with(".a.example"), "{}", url);
                prop_assert_eq!(url.port(), None);
            }
        }
    }
}
