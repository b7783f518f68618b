//! Requests that end access (RFC 7009, or the provider's own).

use super::{
    call::{Ends, Revocation, TokenKind},
    calls,
    expectations::Expectations,
    message::{Request, Response},
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
        return Some(calls::bad(state, provider, request, &first.call, &[calls::NOBODY.to_owned()]));
    };
    let call = &revocation.call;
    if !problems.is_empty() {
        return Some(calls::bad(state, provider, request, call, &problems));
    }
    match meant {
        Meant::Token(place, kind) => end(&mut lock(&state.tokens), (place, kind), revocation.ends),
        Meant::Typed => drop(lock(&state.ended_keys).insert(provider.provider.clone())),
        Meant::Nobodys => {}
    }
    Some(calls::good(call, &template::json(&call.answer, &values)))
}

/// No token has this form.
const NOBODYS: &str = "nobody's";

/// What a request may mean, with the values that it then has.
fn meant(
    state: &State,
    provider: &Expectations,
    revocation: &Revocation,
    request: &Request,
) -> Vec<(Meant, Values)> {
    if matches!(revocation.way.as_str(), "api_key" | "webhook_url") {
        return vec![(Meant::Typed, provider.values_of_typed())];
    }
    let values = |account: usize, access_token: &str, token: &str| {
        let mut values = provider.values_of_form(&provider.accounts[account]);
        values.insert("access_token".to_owned(), access_token.into());
        values.insert("token".to_owned(), token.into());
        values
    };
    let kinds: &[TokenKind] = match &*revocation.takes {
        [] => &[TokenKind::AccessToken],
        kinds => kinds,
    };
    let mut all = Vec::new();
    for (place, token) in lock(&state.tokens).iter().enumerate() {
        if token.provider != provider.provider {
            continue;
        }
        let living = (!token.has_ended).then_some(token.access_token.as_str());
        for kind in kinds {
            let ends = match kind {
                TokenKind::AccessToken => living,
                TokenKind::RefreshToken => token.refresh_token.as_deref(),
            };
            let Some(ends) = ends else { continue };
            let values = values(token.account, living.unwrap_or(NOBODYS), ends);
            all.push((Meant::Token(place, *kind), values));
        }
    }
    if !revocation.takes.is_empty() {
        for (_, text) in request.parameters().into_iter().chain(request.fields()) {
            let nobodys = |account| (Meant::Nobodys, values(account, NOBODYS, &text));
            all.extend((0..provider.accounts.len()).map(nobodys));
        }
    }
    all
}

fn end(tokens: &mut [Token], (place, kind): (usize, TokenKind), ends: Ends) {
    let (provider, account) = (tokens[place].provider.clone(), tokens[place].account);
    let ends_kind = |other| ends != Ends::Token || other == kind;
    for (other, token) in tokens.iter_mut().enumerate() {
        let is_meant = match ends {
            Ends::Grant => token.provider == provider && token.account == account,
            Ends::Token | Ends::Pair => other == place,
        };
        if is_meant && ends_kind(TokenKind::AccessToken) {
            token.has_ended = true;
        }
        if is_meant && ends_kind(TokenKind::RefreshToken) {
            token.refresh_token = None;
        }
    }
}
