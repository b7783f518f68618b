//! A client of the connection's own, in an `[[auth]]` entry of the kind `oauth` with fields.

use crate::catalog::field::Field;
use crate::catalog::form::CredentialForm;
use crate::catalog::names::ClientAuth;
use crate::catalog::oauth::{OAuth, own_client};
use crate::catalog::problems::Problems;

const PLACE: &str = "auth.0.fields";

/// Checks that the fields describe a client. Those that are no secrets are in `connection` already.
pub(super) fn check(oauth: &OAuth, form: &CredentialForm, connection: &[Field], problems: &mut Problems) {
    let find = |key: &str| connection.iter().chain(&form.fields).find(|field| field.key == key);
    if !find(own_client::ID).is_some_and(Field::is_required) {
        problems
            .add(PLACE, "a client of the connection's own needs the field `client_id`, which is required");
    }
    match find(own_client::SECRET) {
        Some(field) if !field.secret => {
            problems.add(PLACE, "`client_secret` is secret");
        }
        None if oauth.client_auth != ClientAuth::None => {
            problems.add(PLACE, "without the field `client_secret`, `client_auth` is \"none\"");
        }
        _ => {}
    }
    if let Some(field) = find(own_client::AUTH) {
        let is_known = |value: &str| value.parse::<ClientAuth>().is_ok();
        if field.options.is_empty() || !field.options.iter().all(|option| is_known(&option.value)) {
            problems
                .add(PLACE, "`client_auth` has options, each of which is \"basic\", \"body\" or \"none\"");
        }
    }
    let of_app = [
        ("app_page", oauth.app_page.is_some()),
        ("app_fields", !oauth.app_fields.is_empty()),
        ("base", oauth.base.is_some()),
    ];
    for (key, _) in of_app.into_iter().filter(|(_, is_there)| *is_there) {
        let message =
            "belongs to an OAuth app of the server: a client of the connection's own has `page` and fields";
        problems.add(format!("auth.0.oauth.{key}"), message);
    }
}
