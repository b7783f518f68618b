//! What an OAuth app has beside its client id and secret, in the `[auth.oauth]` table of a provider file.

use crate::catalog::field::Field;
use crate::catalog::file::FieldTable;
use crate::catalog::oauth::OAuth;
use crate::catalog::problems::Problems;
use crate::catalog::scope::Names;

/// Reads the fields. None is secret, as they stand in addresses that a browser opens.
pub(super) fn fields(tables: Vec<FieldTable>, problems: &mut Problems) -> Vec<Field> {
    let path = "auth.0.oauth.app_fields";
    let fields = super::fields::fields(tables, path, problems);
    for (index, field) in fields.iter().enumerate() {
        let path = format!("{path}.{index}");
        if field.secret || field.lines || field.own_hosts.is_some() {
            problems.add(&path, "a field of an app is no secret, has one line, and names no host");
        }
        if matches!(field.key.as_str(), "client_id" | "client_secret" | "scopes") {
            problems.add(format!("{path}.key"), format!("every app has `{}`", field.key));
        }
    }
    fields
}

/// Checks the keys of the fields, and what stands for the address that the browser is sent back to. Returns the names
/// that parameters may use.
pub(super) fn check<'a>(oauth: &'a OAuth, names: &Names<'a>, problems: &mut Problems) -> Names<'a> {
    for (index, field) in oauth.app_fields.iter().enumerate().filter(|(_, field)| names.has(&field.key)) {
        let message = format!("`{}` is also a name of the connection or of the credential", field.key);
        problems.add(format!("auth.0.oauth.app_fields.{index}.key"), message);
    }
    if let Some(redirect_uri) = &oauth.redirect_uri {
        let of_app = Names::of_app(&oauth.app_fields);
        of_app.text("auth.0.oauth.redirect_uri", redirect_uri.as_str(), problems);
        for name in redirect_uri.placeholders().filter(|name| !of_app.is_connection(name)) {
            let message = format!("`{name}` may be missing, and a redirect address may not");
            problems.add("auth.0.oauth.redirect_uri", message);
        }
    }
    names.with_app(&oauth.app_fields)
}
