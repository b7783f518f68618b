//! What each field is, by where it stands in URLs: so its file need not say how a pasted value is read.

use crate::catalog::field::Field;
use crate::catalog::oauth::TokenRules;
use crate::catalog::problems::Problems;
use crate::catalog::provider::Setup;
use crate::catalog::template::{Position, UrlTemplate};
use crate::pasted::Kind;

/// Gives every field its kind. `urls` are those of the file, apart from those of the handshake, which are in `setup`.
pub(super) fn settle<'u>(
    urls: impl Iterator<Item = &'u UrlTemplate>,
    connection: &mut [Field],
    mut setup: Option<&mut Setup>,
    problems: &mut Problems,
) {
    let kinds = of_hosts(urls, setup.as_deref());
    assign(&kinds, connection, setup.as_deref_mut());
    check_examples(connection, setup.as_deref(), problems);
}

/// The kinds of the fields that decide a host, by name.
fn of_hosts<'u>(urls: impl Iterator<Item = &'u UrlTemplate>, setup: Option<&Setup>) -> Vec<(String, Kind)> {
    let mut kinds = Vec::new();
    urls.for_each(|url| add(url, &mut kinds));
    setup.into_iter().flat_map(Setup::urls).for_each(|url| add(url, &mut kinds));
    kinds
}

fn add(url: &UrlTemplate, kinds: &mut Vec<(String, Kind)>) {
    for (name, position, after) in url.in_host() {
        let known = kinds.iter_mut().find(|(known, _)| known == name).map(|(_, kind)| kind);
        match (position, known) {
            (Position::Label, Some(Kind::Label(domains))) => domains.push(after.to_owned()),
            (_, Some(_)) | (Position::Rest, None) => {}
            (Position::Base, None) => kinds.push((name.to_owned(), Kind::Url)),
            (Position::Host, None) => kinds.push((name.to_owned(), Kind::Host)),
            (Position::Label, None) => kinds.push((name.to_owned(), Kind::Label(vec![after.to_owned()]))),
        }
    }
}

/// Gives every field its kind: that of its place in a host, else by whether it is secret.
fn assign(kinds: &[(String, Kind)], connection: &mut [Field], setup: Option<&mut Setup>) {
    let of_host = |key: &str| kinds.iter().find(|(name, _)| name == key).map(|(_, kind)| kind.clone());
    let fields = |fields: &mut [Field], otherwise: Kind| {
        for field in fields {
            let otherwise = if field.lines { Kind::Lines } else { otherwise.clone() };
            field.kind = match (&field.own_hosts, of_host(&field.key)) {
                (Some(own), Some(Kind::Host)) => Kind::OwnHost { takes_port: own.takes_port },
                (_, Some(of_host)) => of_host,
                (_, None) => otherwise,
            };
        }
    };
    fields(connection, Kind::Plain);
    match setup {
        Some(Setup::ApiKey(form) | Setup::WebhookUrl(form)) => fields(&mut form.fields, Kind::Secret),
        Some(Setup::Fetched(fetched)) => {
            fields(&mut fetched.form.fields, Kind::Secret);
            settle_kept(&mut fetched.rules, of_host);
        }
        Some(Setup::OAuth(oauth)) => {
            let of_client = oauth.own_client.iter_mut();
            of_client.for_each(|form| fields(&mut form.fields, Kind::Secret));
            settle_kept(&mut oauth.tokens, of_host);
        }
        None => {}
    }
}

fn settle_kept(tokens: &mut TokenRules, of_host: impl Fn(&str) -> Option<Kind>) {
    for kept in &mut tokens.kept {
        kept.kind = of_host(&kept.name).unwrap_or(Kind::Plain);
    }
}

/// Checks that the example and the default of every field are read as they are written.
fn check_examples(connection: &[Field], setup: Option<&Setup>, problems: &mut Problems) {
    let secret = setup.and_then(Setup::form).into_iter().flat_map(|form| &form.fields);
    for field in connection.iter().chain(secret) {
        for value in [&field.example, &field.default].into_iter().flatten() {
            if field.own_hosts.is_some() && field.check_example(value).is_err() {
                problems.add("", format!("`{}`: {value} is not what its place in URLs takes", field.key));
            }
            if field.check(value).is_ok() && field.read(&value.as_str().into()) != Ok(Some(value.clone())) {
                problems.add("", format!("`{}`: {value} is not read as it is written", field.key));
            }
        }
    }
}
