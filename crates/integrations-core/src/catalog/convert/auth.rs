//! The `[[auth]]` entry of a provider file.

use super::aws_signature::{check_alone, signature};
use super::fields::fields;
use super::values::{basic_auth, check_header, page};
use super::{mcp, oauth, own_client, token};
use crate::catalog::field::Field;
use crate::catalog::file::{
    AuthRequestTable, AuthTable, FieldTable, JwtTable, McpTable, OAuthTable, TokenTable,
};
use crate::catalog::form::CredentialForm;
use crate::catalog::names::{AuthKind, SetupType};
use crate::catalog::oauth::OAuth;
use crate::catalog::probe::AuthRequest;
use crate::catalog::problems::{Problems, optional};
use crate::catalog::provider::Setup;
use crate::catalog::scope::Names;

/// How one logs in, as it is written.
pub(super) struct Login {
    pub(super) page: Option<String>,
    pub(super) fields: Option<Vec<FieldTable>>,
    pub(super) oauth: Option<OAuthTable>,
    pub(super) token: Option<TokenTable>,
    pub(super) jwt: Option<JwtTable>,
    pub(super) mcp: Option<McpTable>,
}

impl Login {
    /// Takes it out of an entry.
    pub(super) fn taken(entry: &mut AuthTable) -> Self {
        Self {
            page: entry.page.take(),
            fields: entry.fields.take(),
            oauth: entry.oauth.take(),
            token: entry.token.take(),
            jwt: entry.jwt.take(),
            mcp: entry.mcp.take(),
        }
    }
}

/// Reads how one logs in: the credential, and how it is got.
pub(super) fn setup(
    kind: AuthKind,
    Login { page, fields, oauth, token, jwt, mcp }: Login,
    connection: &mut Vec<Field>,
    problems: &mut Problems,
) -> Option<Setup> {
    check_tables(kind, token.is_some(), jwt.is_some(), problems);
    if mcp.is_some() != (kind == AuthKind::Mcp) {
        problems.add("auth.0.mcp", "belongs to `kind = \"mcp\"`, which needs it: it says what is connected");
        return None;
    }
    match (kind, oauth, fields) {
        (AuthKind::Mcp, None, fields) => {
            let form = fields.map(|fields| form(page, fields, kind, connection, problems));
            let form = optional(form)?;
            mcp::mcp(&mcp?, form, problems).map(|oauth| Setup::OAuth(Box::new(oauth)))
        }
        (AuthKind::OAuth, Some(table), None) if page.is_none() => {
            oauth::oauth(table, problems).map(|oauth| Setup::OAuth(Box::new(oauth)))
        }
        (AuthKind::OAuth, Some(table), Some(fields)) => {
            let form = form(page, fields, kind, connection, problems);
            let oauth = oauth::oauth(table, problems)?;
            own_client::check(&oauth, form.as_ref()?, connection, problems);
            Some(Setup::OAuth(Box::new(OAuth { own_client: form, ..oauth })))
        }
        (AuthKind::OAuth, _, _) => {
            problems.add("auth.0.kind", "`oauth` needs [auth.oauth], and no `page` without `fields`");
            None
        }
        (_, None, Some(fields)) => {
            let form = form(page, fields, kind, connection, problems)?;
            match kind {
                AuthKind::WebhookUrl => Some(Setup::WebhookUrl(form)),
                AuthKind::ApiKey | AuthKind::AwsSigV4 | AuthKind::OAuth | AuthKind::Mcp => {
                    Some(Setup::ApiKey(form))
                }
                AuthKind::ClientCredentials | AuthKind::TokenExchange | AuthKind::Jwt => {
                    let tables = token::Tables { token, jwt };
                    let fetched = token::fetched(kind, tables, form, connection, problems);
                    fetched.map(|fetched| Setup::Fetched(Box::new(fetched)))
                }
            }
        }
        (_, _, _) => {
            problems.add("auth.0.kind", format!("`{kind}` needs [[auth.fields]], and no [auth.oauth]"));
            None
        }
    }
}

/// Checks that the tables that say how tokens are got belong to the kind, and that none is missing.
fn check_tables(kind: AuthKind, has_token: bool, has_jwt: bool, problems: &mut Problems) {
    let has_tokens = matches!(kind, AuthKind::ClientCredentials | AuthKind::TokenExchange);
    if has_tokens && !has_token {
        problems.add("auth.0.kind", format!("`{kind}` needs [auth.token], which says how tokens are got"));
    } else if has_token && !has_tokens && kind != AuthKind::Jwt {
        problems.add(
            "auth.0.token",
            "belongs to `kind = \"client_credentials\"`, `\"token_exchange\"` or `\"jwt\"`",
        );
    }
    match (kind == AuthKind::Jwt, has_jwt) {
        (true, false) => problems.add("auth.0.kind", "`jwt` needs [auth.jwt], which says what is signed"),
        (false, true) => problems.add("auth.0.jwt", "belongs to `kind = \"jwt\"`"),
        _ => {}
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
        [only] if matches!(kind, AuthKind::ApiKey | AuthKind::WebhookUrl) && only.key != kind.as_str() => {
            problems.add(
                format!("{path}.0.key"),
                format!("the only field of a credential must be called `{kind}`"),
            );
        }
        _ => {}
    }
    for (index, (field, is_secret)) in all.iter().zip(&secret).enumerate() {
        if field.lines && (!is_secret || field.pattern.is_some() || !field.options.is_empty()) {
            let message = "a field of several lines is secret, and has neither `pattern` nor `options`";
            problems.add(format!("{path}.{index}.lines"), message);
        }
    }
    let is_empty = all.is_empty();
    let (secret, shown): (Vec<_>, Vec<_>) = all.into_iter().zip(secret).partition(|(_, secret)| *secret);
    connection.extend(shown.into_iter().map(|(field, _)| field));
    let fields: Vec<Field> = secret.into_iter().map(|(field, _)| Field { secret: true, ..field }).collect();
    if !is_empty && kind.setup_type() != SetupType::OAuth && !fields.iter().any(Field::is_required) {
        problems.add(path, "at least one secret field of a credential must be required");
    }
    Some(CredentialForm { page: optional(page)?, fields })
}

/// Reads how the credential is sent. What is wrong is left out, and told. `way` is what it is a credential of.
pub(super) fn request(
    table: AuthRequestTable,
    way: (AuthKind, Option<&Setup>),
    names: &Names<'_>,
    problems: &mut Problems,
) -> AuthRequest {
    let mut headers = Vec::new();
    let of_headers = names.of_headers();
    for (name, text) in table.headers {
        let path = format!("auth.0.request.headers.{name}");
        check_header(&name, &path, problems);
        headers.extend(of_headers.text(&path, &text, problems).map(|template| (name, template)));
    }
    let has_authorization = headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("authorization"));
    if table.basic_auth.is_some() && has_authorization {
        problems.add("auth.0.request.basic_auth", "cannot stand beside an Authorization header");
    }
    let basic_auth =
        table.basic_auth.and_then(|table| basic_auth(&table, "auth.0.request.basic_auth", names, problems));
    if !table.json.is_empty() && way.0 != AuthKind::ApiKey {
        problems.add("auth.0.request.json", "belongs to `kind = \"api_key\"`: tokens are sent in headers");
    }
    let mut members = Vec::new();
    for (name, text) in table.json {
        let path = format!("auth.0.request.json.{name}");
        members.extend(names.text(&path, &text, problems).map(|template| (name, template)));
    }
    let signature = signature(way, table.aws_sigv4, names, problems);
    let request = AuthRequest { headers, basic_auth, signature, members };
    if request.signature.is_some() {
        check_alone(&request, problems);
    }
    request
}
