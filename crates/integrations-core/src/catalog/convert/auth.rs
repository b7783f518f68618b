//! The `[[auth]]` entry of a provider file.

use super::fields::fields;
use super::values::{check_header, page};
use super::{oauth, token};
use crate::catalog::field::Field;
use crate::catalog::file::{AuthRequestTable, BasicAuthTable, FieldTable, OAuthTable, TokenTable};
use crate::catalog::names::AuthKind;
use crate::catalog::probe::{AuthRequest, BasicAuth};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::provider::{CredentialForm, Setup};
use crate::catalog::scope::Names;

/// How one logs in, as it is written.
pub(super) struct Login {
    pub(super) page: Option<String>,
    pub(super) fields: Option<Vec<FieldTable>>,
    pub(super) oauth: Option<OAuthTable>,
    pub(super) token: Option<TokenTable>,
}

/// Reads how one logs in: the credential, and how it is got.
pub(super) fn setup(
    kind: AuthKind,
    Login { page, fields, oauth, token }: Login,
    connection: &mut Vec<Field>,
    problems: &mut Problems,
) -> Option<Setup> {
    if token.is_some() && kind != AuthKind::ClientCredentials {
        problems.add("auth.0.token", "belongs to `kind = \"client_credentials\"`");
    }
    match (kind, oauth, fields) {
        (AuthKind::ClientCredentials, None, Some(fields)) => {
            let form = form(page, fields, kind, connection, problems);
            let Some(table) = token else {
                problems.add(
                    "auth.0.kind",
                    "`client_credentials` needs [auth.token], which says how tokens are got",
                );
                return None;
            };
            token::fetched(table, form?, connection, problems)
                .map(|fetched| Setup::Fetched(Box::new(fetched)))
        }
        (AuthKind::OAuth, Some(table), None) if page.is_none() => {
            oauth::oauth(table, problems).map(|oauth| Setup::OAuth(Box::new(oauth)))
        }
        (AuthKind::OAuth, _, _) => {
            problems.add("auth.0.kind", "`oauth` needs [auth.oauth], and neither `page` nor `fields`");
            None
        }
        (AuthKind::ApiKey, None, Some(fields)) => {
            form(page, fields, kind, connection, problems).map(Setup::ApiKey)
        }
        (AuthKind::WebhookUrl, None, Some(fields)) => {
            form(page, fields, kind, connection, problems).map(Setup::WebhookUrl)
        }
        (AuthKind::ApiKey | AuthKind::ClientCredentials | AuthKind::WebhookUrl, _, _) => {
            problems.add("auth.0.kind", format!("`{kind}` needs [[auth.fields]], and no [auth.oauth]"));
            None
        }
    }
}

/// Reads the form of a credential. A field that is no secret becomes one of the connection, which is shown.
fn form(
    page: Option<String>,
    tables: Vec<FieldTable>,
    kind: AuthKind,
    connection: &mut Vec<Field>,
    problems: &mut Problems,
) -> Option<CredentialForm> {
    let page = page.map(|text| self::page("auth.0.page", &text, problems));
    let path = "auth.0.fields";
    let is_secret = |table: &FieldTable| table.secret.unwrap_or(true);
    let secret: Vec<bool> = tables.iter().map(is_secret).collect();
    let all = fields(tables, path, problems);
    match all.as_slice() {
        [] => problems.add(path, "a credential needs at least one field"),
        [only] if kind != AuthKind::ClientCredentials && only.key != kind.as_str() => {
            problems.add(
                format!("{path}.0.key"),
                format!("the only field of a credential must be called `{kind}`"),
            );
        }
        _ => {}
    }
    let is_empty = all.is_empty();
    let (secret, shown): (Vec<_>, Vec<_>) = all.into_iter().zip(secret).partition(|(_, secret)| *secret);
    connection.extend(shown.into_iter().map(|(field, _)| field));
    let fields: Vec<Field> = secret.into_iter().map(|(field, _)| Field { secret: true, ..field }).collect();
    if !is_empty && !fields.iter().any(Field::is_required) {
        problems.add(path, "at least one secret field of a credential must be required");
    }
    Some(CredentialForm { page: optional(page)?, fields })
}

/// Reads what is sent with the credential. What is wrong is left out, and told.
pub(super) fn request(table: AuthRequestTable, names: &Names<'_>, problems: &mut Problems) -> AuthRequest {
    let mut headers = Vec::new();
    for (name, text) in table.headers {
        let path = format!("auth.0.request.headers.{name}");
        check_header(&name, &path, problems);
        headers.extend(names.text(&path, &text, problems).map(|template| (name, template)));
    }
    let has_authorization = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if table.basic_auth.is_some() && has_authorization {
        problems.add("auth.0.request.basic_auth", "cannot stand beside an Authorization header");
    }
    let basic_auth = table.basic_auth.and_then(|table| basic_auth(&table, names, problems));
    AuthRequest { headers, basic_auth }
}

fn basic_auth(table: &BasicAuthTable, names: &Names<'_>, problems: &mut Problems) -> Option<BasicAuth> {
    let path = "auth.0.request.basic_auth";
    let username = names.text(&format!("{path}.username"), &table.username, problems);
    let password = names.text(&format!("{path}.password"), &table.password, problems);
    // RFC 7617, section 2: the first colon ends the user name.
    if table.username.contains(':') {
        problems.add(format!("{path}.username"), "a user name cannot contain `:`");
    }
    Some(BasicAuth { username: username?, password: password? })
}
