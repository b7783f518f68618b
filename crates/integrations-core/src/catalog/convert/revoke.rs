//! The `[auth.revoke]` table of a provider file.

use std::collections::BTreeMap;

use super::calls::check_unsent;
use super::values::check_header;
use crate::catalog::file::{RevokeCallTable, RevokeTable};
use crate::catalog::names::{ClientAuth, Method, TokenKind};
use crate::catalog::probe::AuthRequest;
use crate::catalog::problems::{Problems, optional};
use crate::catalog::revoke::{Revoke, RevokeBody, RevokeCall, RevokeCalls};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::Template;

const PATH: &str = "auth.0.revoke";
/// The longest life of an access token that is waited for.
const LONGEST_LIFE: u32 = 7 * 86_400;
/// What authenticates an app in a body.
const OF_THE_APP: [&str; 2] = ["client_id", "client_secret"];

/// Reads how access is revoked. `reach` is what URLs may show.
pub(super) fn revoke(
    table: RevokeTable,
    auth: &AuthRequest,
    names: &Names<'_>,
    reach: Reach,
    problems: &mut Problems,
) -> Option<Revoke> {
    let RevokeTable { unsupported, token, grant, access_token_lives_seconds } = table;
    match (unsupported, token.is_some() || grant.is_some()) {
        (Some(why), false) if access_token_lives_seconds.is_none() => {
            if why.trim().is_empty() || why.contains('\n') || why.ends_with('.') {
                let message = "must be words for people, on one line and without a full stop";
                problems.add(format!("{PATH}.unsupported"), message);
            }
            return Some(Revoke::Unsupported(why));
        }
        (Some(_), _) => {
            problems.add(format!("{PATH}.unsupported"), "cannot stand beside what is supported");
            return None;
        }
        (None, false) => {
            problems
                .add(PATH, "needs [auth.revoke.token], [auth.revoke.grant] or `unsupported`, which says why");
            return None;
        }
        (None, true) => {}
    }
    let names = names.of_revocation();
    let reader = Reader { auth, names: &names, reach };
    let token = token.map(|table| reader.call(table, &format!("{PATH}.token"), problems));
    let grant = grant.map(|table| reader.call(table, &format!("{PATH}.grant"), problems));
    let (token, grant) = (optional(token)?, optional(grant)?);
    let calls = RevokeCalls { token, grant, access_token_lives_seconds };
    check_life(&calls, problems);
    Some(Revoke::Calls(Box::new(calls)))
}

/// Checks for how long access tokens live on: they do only where the refresh token alone is sent.
fn check_life(calls: &RevokeCalls, problems: &mut Problems) {
    let Some(seconds) = calls.access_token_lives_seconds else { return };
    let path = format!("{PATH}.access_token_lives_seconds");
    if !(1..=LONGEST_LIFE).contains(&seconds) {
        problems.add(path, "must be between a second and a week (604800)");
    } else if calls.all().any(|call| call.tokens != [TokenKind::RefreshToken]) {
        problems.add(path, "needs `tokens = [\"refresh_token\"]`: other access tokens are not left over");
    }
}

struct Reader<'a> {
    auth: &'a AuthRequest,
    names: &'a Names<'a>,
    reach: Reach,
}

impl Reader<'_> {
    fn call(&self, table: RevokeCallTable, path: &str, problems: &mut Problems) -> Option<RevokeCall> {
        if matches!(table.method, Method::Get | Method::Head) {
            let message = "a request that revokes changes something, so it is neither GET nor HEAD";
            problems.add(format!("{path}.method"), message);
        }
        if table.sends_credential && self.auth.signature.is_some() {
            problems.add(format!("{path}.sends_credential"), "requests that revoke are not signed");
        }
        let url = self.names.url(&format!("{path}.url"), &table.url, self.reach, problems);
        let mut headers = Vec::new();
        for (name, text) in table.headers {
            let path = format!("{path}.headers.{name}");
            check_header(&name, &path, problems);
            if table.sends_credential {
                check_unsent(&name, &path, self.auth, problems);
            }
            headers.extend(self.names.text(&path, &text, problems).map(|template| (name, template)));
        }
        let body = match (table.form, table.json) {
            (Some(_), Some(_)) => {
                problems.add(format!("{path}.json"), "cannot stand beside `form`");
                RevokeBody::None
            }
            (Some(form), None) => RevokeBody::Form(self.fields(form, &format!("{path}.form"), problems)),
            (None, Some(json)) => RevokeBody::Json(self.fields(json, &format!("{path}.json"), problems)),
            (None, None) => RevokeBody::None,
        };
        let call = RevokeCall {
            method: table.method,
            url: url?,
            headers,
            body,
            client_auth: table.client_auth,
            sends_credential: table.sends_credential,
            tokens: table.tokens,
        };
        self.check_authentication(&call, path, problems);
        check_tokens(&call, path, problems);
        Some(call)
    }

    fn fields(
        &self,
        fields: BTreeMap<String, String>,
        path: &str,
        problems: &mut Problems,
    ) -> Vec<(String, Template)> {
        let read = |(name, text): (String, String), problems: &mut Problems| {
            let template = self.names.text(&format!("{path}.{name}"), &text, problems)?;
            Some((name, template))
        };
        fields.into_iter().filter_map(|field| read(field, problems)).collect()
    }

    /// Checks who says that the access may be revoked: the app, or the credential itself.
    fn check_authentication(&self, call: &RevokeCall, path: &str, problems: &mut Problems) {
        if call.sends_credential && !self.auth.members.is_empty() {
            let message = "[auth.request] puts the credential into JSON bodies: name it in `json` here";
            problems.add(format!("{path}.sends_credential"), message);
        }
        if call.sends_credential && self.auth.signature.is_some() {
            let message = "[auth.request] signs requests, and a revocation is not signed: leave it out";
            problems.add(format!("{path}.sends_credential"), message);
        }
        let path = format!("{path}.client_auth");
        let Some(client_auth) = call.client_auth else { return };
        let has = |name: &str| self.auth.headers.iter().any(|(other, _)| other.eq_ignore_ascii_case(name));
        match (client_auth, fields_of(&call.body)) {
            _ if !self.names.has_tokens() => problems.add(path, "only an OAuth provider has an app"),
            (ClientAuth::Basic, _)
                if call.sends_credential && (self.auth.basic_auth.is_some() || has("authorization")) =>
            {
                problems.add(path, "`basic` cannot stand beside an Authorization header of [auth.request]");
            }
            (ClientAuth::None, _) => {
                problems.add(path, "leave it out: with `none`, `{client_id}` stands where the file has it");
            }
            (ClientAuth::Body, None) => problems.add(path, "`body` needs `form` or `json`"),
            (ClientAuth::Body, Some(fields))
                if fields.iter().any(|(name, _)| OF_THE_APP.contains(&&**name)) =>
            {
                problems.add(path, "`body` adds `client_id` and `client_secret` by itself");
            }
            _ => {}
        }
    }
}

const fn fields_of(body: &RevokeBody) -> Option<&Vec<(String, Template)>> {
    match body {
        RevokeBody::Form(fields) | RevokeBody::Json(fields) => Some(fields),
        RevokeBody::None => None,
    }
}

/// Checks that `tokens` is there if the body has a token, and only then.
fn check_tokens(call: &RevokeCall, path: &str, problems: &mut Problems) {
    let fields = fields_of(&call.body).into_iter().flatten();
    let has_token = fields.flat_map(|(_, text)| text.placeholders()).any(|name| name == "token");
    let path = format!("{path}.tokens");
    match (has_token, call.tokens.as_slice()) {
        (true, []) => problems.add(path, "`{token}` needs `tokens`, which says which are sent"),
        (false, [_, ..]) => problems.add(path, "needs `{token}` in `form` or `json`"),
        (true, [one, rest @ ..]) if rest.contains(one) => {
            problems.add(path, format!("`{one}` is listed twice"))
        }
        _ if !has_token && !call.sends_credential && call.url.placeholders().count() == 0 => {
            problems
                .add(path, "says no token, and no credential is sent: nothing tells what is to be revoked");
        }
        _ => {}
    }
}
