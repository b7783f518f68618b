//! The `[auth.request.aws_sigv4]` table of a provider file: for what requests are signed.

use crate::catalog::aws_signature::{
    ACCESS_KEY_ID, AwsSignature, SECRET_ACCESS_KEY, SESSION_TOKEN, is_label,
};
use crate::catalog::file::AwsSigV4Table;
use crate::catalog::names::AuthKind;
use crate::catalog::probe::AuthRequest;
use crate::catalog::problems::Problems;
use crate::catalog::provider::Setup;
use crate::catalog::scope::Names;
use crate::catalog::template::Template;

const PATH: &str = "auth.0.request.aws_sigv4";
/// Object storage encodes paths once, and wants the hash of the body in a header of its own.
const STORAGE: &str = "s3";

/// Reads for what requests are signed. `None`: they are not, or something is wrong.
pub(super) fn signature(
    (kind, setup): (AuthKind, Option<&Setup>),
    table: Option<AwsSigV4Table>,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<AwsSignature> {
    let table = match (kind == AuthKind::AwsSigV4, table) {
        (true, Some(table)) => table,
        (true, None) => {
            let message = "`aws_sigv4` needs [auth.request.aws_sigv4], which says for which service and region is signed";
            problems.add("auth.0.kind", message);
            return None;
        }
        (false, Some(_)) => {
            problems.add(PATH, "belongs to `kind = \"aws_sigv4\"`");
            return None;
        }
        (false, None) => return None,
    };
    if let Some(setup) = setup {
        check_fields(setup, names, problems);
    }
    let service = service(&format!("{PATH}.service"), &table.service, names, problems);
    let region = label(&format!("{PATH}.region"), &table.region, names, problems);
    Some(AwsSignature { service: service?, region: region? })
}

/// How a call is signed: as every request, or for another service. `path` is where the call stands.
pub(super) fn of_call(
    auth: &AuthRequest,
    other: Option<&str>,
    path: &str,
    names: &Names<'_>,
    problems: &mut Problems,
) -> Option<AwsSignature> {
    let path = format!("{path}.aws_service");
    match (&auth.signature, other) {
        (Some(signature), Some(other)) => {
            let service = service(&path, other, names, problems)?;
            Some(AwsSignature { service, ..signature.clone() })
        }
        (None, Some(_)) => {
            problems.add(path, "belongs to `kind = \"aws_sigv4\"`");
            None
        }
        (signature, None) => signature.clone(),
    }
}

fn service(path: &str, text: &str, names: &Names<'_>, problems: &mut Problems) -> Option<Template> {
    if text == STORAGE {
        problems.add(path, "`s3` is signed in another way, which this server does not know");
    }
    label(path, text, names, problems)
}

/// Checks that the form has what signs.
fn check_fields(setup: &Setup, names: &Names<'_>, problems: &mut Problems) {
    let secret = |name: &str| {
        let fields = setup.form().map(|form| form.fields.as_slice()).unwrap_or_default();
        fields.iter().find(|field| field.key == name)
    };
    let is_required = |name: &str| secret(name).is_some_and(|field| field.is_required());
    let has_key = is_required(ACCESS_KEY_ID) || names.is_connection(ACCESS_KEY_ID);
    for (name, is_there) in [(ACCESS_KEY_ID, has_key), (SECRET_ACCESS_KEY, is_required(SECRET_ACCESS_KEY))] {
        if !is_there {
            let message = format!("needs the field `{name}`, which signs; it must be required");
            problems.add("auth.0.fields", message);
        }
    }
    for name in [SECRET_ACCESS_KEY, SESSION_TOKEN] {
        if secret(name).is_none() && names.has(name) {
            problems.add("auth.0.fields", format!("`{name}` must be secret"));
        }
    }
}

fn label(path: &str, text: &str, names: &Names<'_>, problems: &mut Problems) -> Option<Template> {
    let template = names.label(path, text, problems)?;
    if !template.render(|_| Some("x")).is_ok_and(|text| is_label(&text)) {
        problems.add(path, "must be a name of AWS: letters, digits and hyphens");
    }
    Some(template)
}

/// Checks that nothing else stands where a signature does. `headers` are those of `[auth.request]`.
pub(super) fn check_alone(auth: &AuthRequest, problems: &mut Problems) {
    let path = "auth.0.request";
    if auth.basic_auth.is_some() {
        problems.add(format!("{path}.basic_auth"), "cannot stand beside a signature");
    }
    for (name, _) in &auth.headers {
        if is_of_signature(name) {
            problems.add(format!("{path}.headers.{name}"), format!("`{name}` is set by the signature"));
        }
    }
}

/// Whether a header is one that a signature sets.
pub(super) fn is_of_signature(name: &str) -> bool {
    AwsSignature::HEADERS.iter().any(|other| other.eq_ignore_ascii_case(name))
}
