//! Requests that end access (RFC 7009, or the provider's own).

use serde_json::{Map, Value};

use super::{
    call::{Call, Ends, Revocation, TokenKind},
    calls,
    expectations::{Expectations, client_id, client_secret},
    message::{Request, Response, pairs},
    state::{State, Token, lock},
    template::{self, Values},
};

/// What a request means.
enum Meant {
    /// A token, by its place among those that were issued.
    Token(usize, TokenKind),
    /// A token that nobody has, or no more. That is no mistake (RFC 7009, section 2.2).
    Nobodys,
    /// What a person typed into a form.
    Typed,
}

/// Answers a request that ends access; `None` if it is not one of these.
pub(super) fn answer(state: &State, provider: &Expectations, request: &Request) -> Option<Response> {
    let resembling: Vec<&Revocation> =
        provider.revocations.iter().filter(|revocation| revocation.call.resembles(request)).collect();
    let first = resembling.first()?;
    let meant = resembling.iter().flat_map(|revocation| {
        let meant = meant(state, provider, revocation, request).into_iter();
        meant.map(move |(meant, values)| (*revocation, meant, values))
    });
    let judged = meant.map(|(revocation, meant, values)| {
        let key = provider.key.as_ref().filter(|_| matches!(meant, Meant::Typed));
        let mut problems = calls::problems_of(&revocation.call, key, &values, request);
        problems.extend(calls::repeated(state, &revocation.call, request));
        (problems, revocation, meant, values)
    });
    // Whose token it is comes before whose it is not.
    let rank = |(problems, _, meant, _): &(Vec<String>, &Revocation, Meant, Values)| {
        (problems.len(), matches!(meant, Meant::Nobodys))
    };
    let Some((problems, revocation, meant, values)) = judged.min_by_key(rank) else {
        state.complain(&provider.provider, &format!("{}: nobody was granted access", request.path));
        return Some(refusal(&first.call));
    };
    if !problems.is_empty() {
        state.complain(&provider.provider, &format!("{}: {}", request.path, problems.join("; ")));
        return Some(refusal(&revocation.call));
    }
    match meant {
        Meant::Token(place, kind) => end(&mut lock(&state.tokens), (place, kind), revocation.ends),
        Meant::Typed => {
            lock(&state.ended_keys).insert(provider.provider.clone());
        }
        Meant::Nobodys => {}
    }
    Some(Response::json(revocation.call.status, &template::json(&revocation.call.answer, &values)))
}

fn refusal(call: &Call) -> Response {
    Response::json(call.refusal.status, &call.refusal.body)
}

/// What a request may mean, with the values that it then has.
fn meant(
    state: &State,
    provider: &Expectations,
    revocation: &Revocation,
    request: &Request,
) -> Vec<(Meant, Values)> {
    let with = |values: Values, access_token: &str, token: &str| {
        let mut values = values;
        for (name, value) in [("access_token", access_token), ("token", token)] {
            values.insert(name.to_owned(), value.into());
        }
        values.insert("client_id".to_owned(), client_id(&provider.provider).into());
        values.insert("client_secret".to_owned(), client_secret(&provider.provider).into());
        values
    };
    if matches!(revocation.way.as_str(), "api_key" | "webhook_url") {
        let mut values = provider.accounts[0].values();
        values.extend(provider.key.iter().flat_map(|key| key.credential.clone()));
        return vec![(Meant::Typed, values)];
    }
    let tokens = lock(&state.tokens);
    let of_provider = tokens.iter().enumerate().filter(|(_, token)| token.provider == provider.provider);
    let known = of_provider.flat_map(|(place, token)| {
        let values = provider.accounts[token.account].values();
        let living = (!token.has_ended).then_some(token.access_token.as_str());
        let sent: Vec<(TokenKind, &str)> = if revocation.takes.is_empty() {
            living.map(|living| (TokenKind::AccessToken, living)).into_iter().collect()
        } else {
            let of_kind = |kind: &TokenKind| match kind {
                TokenKind::AccessToken => living,
                TokenKind::RefreshToken => token.refresh_token.as_deref(),
            };
            revocation.takes.iter().filter_map(|kind| Some((*kind, of_kind(kind)?))).collect()
        };
        let access_token = living.unwrap_or(NOBODYS);
        let of_token = |(kind, sent)| (Meant::Token(place, kind), with(values.clone(), access_token, sent));
        sent.into_iter().map(of_token).collect::<Vec<_>>()
    });
    let sent = if revocation.takes.is_empty() { Vec::new() } else { texts(request) };
    let nobodys = provider.accounts.iter().flat_map(|account| {
        let of_text = |text: &String| (Meant::Nobodys, with(account.values(), NOBODYS, text));
        sent.iter().map(of_text).collect::<Vec<_>>()
    });
    known.chain(nobodys).collect()
}

/// The texts in the query and in the body, which may be JSON or a form.
fn texts(request: &Request) -> Vec<String> {
    let members: Option<Map<String, Value>> = serde_json::from_slice(&request.body).ok();
    let of_body: Vec<String> = match members {
        Some(members) => members.values().filter_map(|member| member.as_str().map(str::to_owned)).collect(),
        None => pairs(&request.body).into_iter().map(|(_, value)| value).collect(),
    };
    request.parameters().into_iter().map(|(_, value)| value).chain(of_body).collect()
}

/// No token has this form.
const NOBODYS: &str = "nobody's";

fn end(tokens: &mut [Token], (place, kind): (usize, TokenKind), ends: Ends) {
    let (provider, account) = (tokens[place].provider.clone(), tokens[place].account);
    for (other, token) in tokens.iter_mut().enumerate() {
        let is_meant = match ends {
            Ends::Grant => token.provider == provider && token.account == account,
            Ends::Token | Ends::Pair => other == place,
        };
        if !is_meant {
            continue;
        }
        if ends != Ends::Token || kind == TokenKind::AccessToken {
            token.has_ended = true;
        }
        if ends != Ends::Token || kind == TokenKind::RefreshToken {
            token.refresh_token = None;
        }
    }
}
