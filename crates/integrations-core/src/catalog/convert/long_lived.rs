//! The `[auth.oauth.long_lived]` table of a provider file.

use super::token_call::{call, check_call, uses};
use crate::catalog::file::LongLivedTable;
use crate::catalog::oauth::{LongLived, OAuth};
use crate::catalog::problems::Problems;
use crate::catalog::scope::{Names, Reach};
use crate::catalog::token_call::TokenCall;

const PLACE: &str = "auth.0.oauth.long_lived";
/// What the requests have beside the connection.
const OF_REQUESTS: [&str; 3] = ["access_token", "client_id", "client_secret"];

/// Reads how a token of a code becomes one that lives long.
pub(super) fn long_lived(
    table: &LongLivedTable,
    rotates: bool,
    problems: &mut Problems,
) -> Option<LongLived> {
    if rotates {
        let message = "must be false: a token that lives long is renewed by itself, without a refresh token";
        problems.add("auth.0.oauth.refresh_rotates", message);
    }
    let exchange = call(&table.exchange, &format!("{PLACE}.exchange"), problems);
    let renewal = call(&table.renewal, &format!("{PLACE}.renewal"), problems);
    Some(LongLived { exchange: exchange?, renewal: renewal? })
}

/// Checks that the requests use only what is known of an installation's app and token.
pub(super) fn check(oauth: &OAuth, names: &Names<'_>, problems: &mut Problems) {
    let Some(LongLived { exchange, renewal }) = &oauth.long_lived else { return };
    let known = names.of_token_request(&OF_REQUESTS);
    let mut check = |call: &TokenCall, name: &str| {
        let place = |at: &str| format!("{PLACE}.{name}.{at}");
        check_call(call, place, (&known, Reach::Secret), problems);
        if !uses(call, "access_token") {
            problems.add(format!("{PLACE}.{name}"), "`{access_token}` stands nowhere in it");
        }
    };
    check(exchange, "exchange");
    check(renewal, "renewal");
}
