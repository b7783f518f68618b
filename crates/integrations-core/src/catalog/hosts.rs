//! Checks values that decide which host a request goes to.
//!
//! A credential is sent to that host, so whoever chooses the value chooses who gets the credential. A pattern is
//! therefore tried on values that lead to other hosts, and must refuse them all.

use super::field::{Choice, Pattern};
use super::template::Position;

/// What the file says about the value of a placeholder.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source<'a> {
    pub(super) pattern: Option<&'a Pattern>,
    pub(super) options: &'a [Choice],
    pub(super) example: Option<&'a str>,
    /// Whether the operator approves the hosts that it may name, beside those of the pattern.
    pub(super) is_approved: bool,
}

/// Values that end a host, begin another, or are not a host. No pattern may match them, in any part of a host.
const HOSTILE: &[&str] = &[
    "evil.com/",
    "",
    ".",
    "..",
    "/",
    "evil.com/x",
    "evil.com?",
    "evil.com#",
    "evil.com\\",
    "a@b",
    "a:1",
    "a:b@c",
    "a b",
    " a",
    "a ",
    "a\r\nb",
    "a\n",
    "a\tb",
    "a\0b",
    "a。b",
    "a%2eb",
    "a%2Fb",
    "[::1]",
    "é",
];

/// Hosts that belong to no provider.
const FOREIGN_HOSTS: &[&str] =
    &["evil.example", "evil.com", "localhost", "127.0.0.1", "10.0.0.1", "169.254.169.254"];

/// Checks that a value at `position` can only lead to hosts that the file's author meant. The error is a sentence.
pub(super) fn check(source: Source<'_>, position: Position) -> Result<(), String> {
    if position == Position::Rest {
        return Ok(());
    }
    if source.is_approved && position == Position::Label {
        return Err(
            "it is a host of the customer's own, so it is the whole host of a URL or its beginning".into()
        );
    }
    if source.is_approved && source.pattern.is_none() {
        return Ok(());
    }
    if !source.options.is_empty() {
        return check_options(source.options, position);
    }
    let Some(pattern) = source.pattern else {
        return Err("it decides the host of a URL, so it needs a pattern or options".into());
    };
    let Some(example) = source.example else {
        return Err("it decides the host of a URL, so it needs an example to try the pattern on".into());
    };
    match hostile(position, example).into_iter().find(|value| pattern.matches(value)) {
        Some(value) => Err(format!("its pattern must not match {value:?}, which would lead to another host")),
        None => Ok(()),
    }
}

fn check_options(options: &[Choice], position: Position) -> Result<(), String> {
    let plain = |value: &str| {
        !value.is_empty() && value.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.'))
    };
    match options.iter().find(|choice| position == Position::Base || !plain(&choice.value)) {
        Some(choice) => Err(format!("the option {:?} cannot be used in the host of a URL", choice.value)),
        None => Ok(()),
    }
}

/// Values that a pattern must refuse: the fixed ones, and the valid `example` changed in ways that change the host.
fn hostile(position: Position, example: &str) -> Vec<String> {
    let mut values: Vec<String> = HOSTILE.iter().map(|value| (*value).to_owned()).collect();
    let join = |before: &str, middle: &str, after: &str| format!("{before}{middle}{after}");
    let host = example.strip_prefix("https://").unwrap_or(example);
    let (host, path) = host.split_at(host.find('/').unwrap_or(host.len()));
    let scheme = if position == Position::Base { "https://" } else { "" };
    for before in ["evil.example/", "evil.example?", "evil.example#", "evil.example\\", "u@", "u:p@"] {
        values.push(join(scheme, before, host) + path);
    }
    for after in [":1", "/", "?", "#", "@evil.example", ":p@evil.example", "\\", "\n"] {
        values.push(join(scheme, host, after) + if position == Position::Base { "" } else { path });
    }
    if position != Position::Label {
        values.push(join(scheme, host, ".evil.example") + path);
        values.extend(FOREIGN_HOSTS.iter().map(|foreign| join(scheme, foreign, path)));
    }
    if position == Position::Base {
        values.push(join("http://", host, path));
        values.push(join("", host, path));
        values.push(join("javascript://", host, path));
    }
    // A base URL with a trailing slash leads to the same host, so a pattern may match it.
    values.retain(|value| !(position == Position::Base && *value == format!("https://{host}/")));
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pattern: &str, example: &str, position: Position) -> Result<(), String> {
        let pattern = Pattern::parse(pattern).unwrap();
        check(
            Source { pattern: Some(&pattern), options: &[], example: Some(example), is_approved: false },
            position,
        )
    }

    #[test]
    fn a_label_takes_a_name_and_nothing_that_ends_one() {
        assert_eq!(verdict("^[a-z0-9][a-z0-9_-]*$", "acme", Position::Label), Ok(()));
        for loose in [
            "^.+$",
            "^[^/]+$",
            r"^[\w-]+$",
            r"^[a-z.]+$",
            "^[a-z]*$",
            r"^[a-z@]+$",
            r"^[a-z0-9:]+$",
            r"^[^@:/]+$",
        ] {
            assert!(verdict(loose, "acme", Position::Label).is_err(), "{loose}");
        }
    }

    #[test]
    fn a_whole_host_must_be_of_a_named_domain() {
        assert_eq!(verdict(r"^[a-z0-9-]+\.acme\.com$", "a.acme.com", Position::Host), Ok(()));
        for loose in [r"^[a-z0-9.-]+$", r"^[a-z-]+\.com$", r"^.*\.acme\.com$", r"^[a-z]+\.acme\.com.*$"] {
            assert!(verdict(loose, "a.acme.com", Position::Host).is_err(), "{loose}");
        }
    }

    #[test]
    fn a_base_must_be_https_and_of_a_named_domain() {
        let example = "https://a.acme.com";
        assert_eq!(verdict(r"^https://[a-z0-9-]+\.acme\.com/?$", example, Position::Base), Ok(()));
        for loose in [
            r"^https?://[a-z0-9-]+\.acme\.com$",
            r"^https://.*\.acme\.com$",
            r"^https://[a-z0-9-]+\.acme\.com.*$",
            r"^https://[^/]+\.acme\.com$",
            r"^https://[a-z.]+$",
            r"^(https://)?[a-z0-9-]+\.acme\.com$",
        ] {
            assert!(verdict(loose, example, Position::Base).is_err(), "{loose}");
        }
    }

    #[test]
    fn without_pattern_or_example_nothing_decides_a_host() {
        let bare = Source { pattern: None, options: &[], example: Some("acme"), is_approved: false };
        assert!(check(bare, Position::Label).is_err());
        assert_eq!(check(bare, Position::Rest), Ok(()));
        let pattern = Pattern::parse("^a$").unwrap();
        assert!(check(Source { pattern: Some(&pattern), example: None, ..bare }, Position::Label).is_err());
    }

    #[test]
    fn options_decide_a_host_if_they_are_plain() {
        let options = |value: &str| [Choice { value: value.into(), label: String::new() }];
        let verdict = |value: &str, position| {
            let options = options(value);
            check(Source { pattern: None, options: &options, example: None, is_approved: false }, position)
        };
        assert_eq!(verdict("api.eu", Position::Label), Ok(()));
        assert!(verdict("evil.com/", Position::Label).is_err());
        assert!(verdict("api", Position::Base).is_err());
    }
}
