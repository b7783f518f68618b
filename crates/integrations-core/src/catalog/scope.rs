//! Checks which names placeholders may use, and where.

use super::field::Field;
use super::hosts::{self, Source};
use super::oauth::{KeptField, TokenRules};
use super::probe::UNIQUE_ID;
use super::problems::Problems;
use super::provider::Setup;
use super::template::{Position, Template, UrlTemplate};

/// Which values a placeholder may use. Each level includes those before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Reach {
    /// Fields of the connection, which are known before there is a credential.
    Connection,
    /// Also the kept fields of the token answer. Nothing secret.
    Stored,
    /// Also the credential.
    Secret,
}

/// A value that a placeholder may name.
#[derive(Clone, Copy, Debug)]
struct Named<'a> {
    name: &'a str,
    reach: Reach,
    source: Source<'a>,
    /// Whether the value may be missing.
    absent: bool,
    /// Whether the value may be any text, with spaces too.
    free: bool,
    /// Whether the value has several lines.
    lines: bool,
}

/// What is known of a stored value.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Stored {
    /// Whether it may be missing.
    pub(super) is_absent: bool,
    /// Whether it may be any text, with spaces too.
    pub(super) is_free: bool,
}

/// Every name that placeholders of a file may use.
#[derive(Debug)]
pub(super) struct Names<'a> {
    named: Vec<Named<'a>>,
    /// Whether the setup could be read. If not, its names are not known, and a placeholder with an unknown name is not
    /// reported as one more error.
    complete: bool,
}

impl<'a> Names<'a> {
    /// Collects the names of a connection and a setup. Adds an error for a name that both use.
    pub(super) fn new(connection: &'a [Field], setup: Option<&'a Setup>, problems: &mut Problems) -> Self {
        let mut named: Vec<Named<'a>> =
            connection.iter().map(|field| of_field(field, Reach::Connection)).collect();
        named.extend(setup.and_then(Setup::tokens).into_iter().flat_map(of_tokens));
        let secret = setup.and_then(Setup::form).into_iter().flat_map(|form| &form.fields);
        named.extend(secret.map(|field| of_field(field, Reach::Secret)));
        if named.iter().any(|named| named.name == UNIQUE_ID) {
            let message = format!("`{UNIQUE_ID}` is reserved: each request has another");
            problems.add("connection", message);
        }
        for (index, field) in connection.iter().enumerate() {
            let others = named.iter().filter(|other| other.reach > Reach::Connection);
            if field.key == "access_token" || others.into_iter().any(|other| other.name == field.key) {
                let message = format!("`{}` is also a name of the credential", field.key);
                problems.add(format!("connection.{index}.key"), message);
            }
        }
        Self { named, complete: setup.is_some() }
    }

    /// Names that are not known yet: no placeholder is refused.
    pub(super) fn unchecked() -> Self {
        Self { named: Vec::new(), complete: false }
    }

    /// These, and what only a request to revoke has: the app's client id, and in its body the token.
    pub(super) fn of_revocation(&self) -> Self {
        let of_app = self.has_tokens().then(|| {
            let named = |name, reach| Named { name, reach, ..access_token() };
            [named("client_id", Reach::Connection), named("token", Reach::Secret)]
        });
        let named = self.named.iter().copied().chain(of_app.into_iter().flatten()).collect();
        Self { named, complete: self.complete }
    }

    /// Those that are known before there is a token, and what only a request for one has.
    pub(super) fn of_token_request(&self, further: &[&'static str]) -> Self {
        let is_known = |named: &&Named<'_>| named.reach != Reach::Stored && named.name != "access_token";
        let further = further.iter().map(|name| Named { name, ..access_token() });
        Self {
            named: self.named.iter().filter(is_known).copied().chain(further).collect(),
            complete: self.complete,
        }
    }

    /// These, and what each request has anew.
    pub(super) fn of_headers(&self) -> Self {
        let unique = Named { name: UNIQUE_ID, ..access_token() };
        let named = self.named.iter().copied().chain([unique]).collect();
        Self { named, complete: self.complete }
    }

    /// The fields of an OAuth app alone.
    pub(super) fn of_app(fields: &'a [Field]) -> Self {
        let named = fields.iter().map(|field| of_field(field, Reach::Connection)).collect();
        Self { named, complete: true }
    }

    /// These, and the fields of an OAuth app.
    pub(super) fn with_app(&self, fields: &'a [Field]) -> Self {
        let named = self.named.iter().copied().chain(Self::of_app(fields).named).collect();
        Self { named, complete: self.complete }
    }

    /// Whether there is a connection field called `name` that always has a value.
    pub(super) fn is_connection(&self, name: &str) -> bool {
        self.named.iter().any(|n| n.name == name && n.reach == Reach::Connection && !n.absent)
    }

    /// The value called `name` that is stored in the open: a field of the connection, or a kept field of the token
    /// answer. `None`: there is no such name. The error is a sentence: the value is secret.
    pub(super) fn stored(&self, name: &str) -> Result<Option<Stored>, String> {
        match self.named.iter().find(|named| named.name == name) {
            Some(named) if named.reach <= Reach::Stored => {
                Ok(Some(Stored { is_absent: named.absent, is_free: named.free }))
            }
            Some(_) => Err(format!("`{{{name}}}` is secret: the credential is sent by [auth.request] alone")),
            None if !self.complete => Ok(Some(Stored::default())),
            None => Ok(None),
        }
    }

    /// Whether a name is one of the connection or of the credential.
    pub(super) fn has(&self, name: &str) -> bool {
        self.named.iter().any(|named| named.name == name)
    }

    /// Whether there is an access token.
    pub(super) fn has_tokens(&self) -> bool {
        !self.complete || self.named.iter().any(|named| named.name == "access_token")
    }

    /// Reads and checks a URL template.
    pub(super) fn url(
        &self,
        path: &str,
        text: &str,
        reach: Reach,
        problems: &mut Problems,
    ) -> Option<UrlTemplate> {
        let url = problems.ok(path, UrlTemplate::parse(text))?;
        self.check_url(path, &url, reach, problems);
        Some(url)
    }

    /// Checks a URL template's placeholders: each names a value that is allowed by `reach` and never missing, and a
    /// placeholder in the host cannot lead to another host.
    pub(super) fn check_url(&self, path: &str, url: &UrlTemplate, reach: Reach, problems: &mut Problems) {
        for (name, position) in url.placeholders() {
            let checked = self
                .find(name, reach)
                .and_then(|named| named.map_or(Ok(()), |named| check_in_url(&named, position)));
            problems.ok(path, checked);
        }
    }

    /// Reads and checks the template of a name that is safe in a host: each placeholder is a field of the connection
    /// that always has a value and cannot be anything else.
    pub(super) fn label(&self, path: &str, text: &str, problems: &mut Problems) -> Option<Template> {
        let template = problems.ok(path, Template::parse(text))?;
        for name in template.placeholders() {
            let found = self.find(name, Reach::Connection);
            let checked =
                found.and_then(|named| named.map_or(Ok(()), |named| check_in_url(&named, Position::Label)));
            problems.ok(path, checked);
        }
        Some(template)
    }

    /// Reads and checks a header's or a credential's template.
    pub(super) fn text(&self, path: &str, text: &str, problems: &mut Problems) -> Option<Template> {
        let template = problems.ok(path, Template::parse(text))?;
        if text.contains(|c: char| c.is_control()) {
            problems.add(path, "must not contain control characters");
        }
        for name in template.placeholders() {
            match self.find(name, Reach::Secret) {
                Ok(Some(named)) if named.free => {
                    problems.add(path, format!("`{name}` needs a pattern to be used here"))
                }
                Ok(_) => {}
                Err(reason) => problems.add(path, reason),
            }
        }
        Some(template)
    }

    /// The name, if it is known, allowed by `reach`, and has one line; `None` if it may belong to a setup that could
    /// not be read.
    fn find(&self, name: &str, reach: Reach) -> Result<Option<Named<'a>>, String> {
        let found = self.named.iter().find(|named| named.name == name);
        match found {
            Some(named) if named.reach > reach => {
                Err(format!("`{{{name}}}` is secret, or not known at this point"))
            }
            Some(named) if named.lines => {
                Err(format!("`{name}` has several lines: it signs, and is not sent"))
            }
            Some(named) => Ok(Some(*named)),
            None if !self.complete => Ok(None),
            None => Err(format!("`{{{name}}}` is unknown; expected {}", self.list(reach))),
        }
    }

    fn list(&self, reach: Reach) -> String {
        let names: Vec<String> =
            self.named.iter().filter(|n| n.reach <= reach).map(|n| format!("`{}`", n.name)).collect();
        if names.is_empty() { "no placeholder here".to_owned() } else { names.join(", ") }
    }
}

fn check_in_url(named: &Named<'_>, position: Position) -> Result<(), String> {
    if named.absent {
        return Err(format!(
            "`{}` may be missing and has no default, so it cannot be used in a URL",
            named.name
        ));
    }
    if position == Position::Rest && named.source.pattern.is_none() && named.free {
        return Err(format!("`{}` needs a pattern to be used here", named.name));
    }
    hosts::check(named.source, position).map_err(|reason| format!("`{}`: {reason}", named.name))
}

fn of_field(field: &Field, reach: Reach) -> Named<'_> {
    let source = Source {
        pattern: field.pattern.as_ref(),
        options: &field.options,
        example: field.example.as_deref(),
        is_approved: field.own_hosts.is_some(),
    };
    let absent = field.optional && field.default.is_none();
    let reach = if field.secret { Reach::Secret } else { reach };
    Named { name: &field.key, reach, source, absent, free: false, lines: field.lines }
}

fn of_kept(kept: &KeptField) -> Named<'_> {
    let (pattern, example) = (kept.pattern.as_ref(), kept.example.as_deref());
    let source = Source { pattern, options: &[], example, is_approved: false };
    Named {
        name: &kept.name,
        reach: Reach::Stored,
        source,
        absent: !kept.required && kept.default.is_none(),
        free: kept.pattern.is_none(),
        lines: false,
    }
}

/// The access token, and what else is kept of its answer.
fn of_tokens(tokens: &TokenRules) -> impl Iterator<Item = Named<'_>> {
    std::iter::once(access_token()).chain(tokens.kept.iter().map(of_kept))
}

/// The access token, which may stand anywhere except in a host.
fn access_token() -> Named<'static> {
    let source = Source { pattern: None, options: &[], example: None, is_approved: false };
    Named { name: "access_token", reach: Reach::Secret, source, absent: false, free: false, lines: false }
}
