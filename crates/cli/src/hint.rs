//! What to do about an error: for a person at a terminal, where the code alone says too little.

use integrations_core::catalog::ProviderKey;

use crate::config::Settings;
use crate::error::{Report, code};

/// Advice for a failed command, or none. It names where the key came from, never the key.
pub(crate) fn for_report(
    report: &Report,
    settings: &Settings,
    provider: Option<&ProviderKey>,
) -> Option<String> {
    let key = &settings.api_key.source;
    let project = format!("{} (from {})", settings.project.value, settings.project.source);
    let provider = provider.map_or("PROVIDER", ProviderKey::as_str);
    Some(match report.code.as_str() {
        "UNAUTHORIZED" => {
            format!("the key came from {key}; it may be incomplete, revoked, expired, or another server's")
        }
        "INSUFFICIENT_SCOPE" => {
            format!("the key came from {key}; this command needs one with the scope named above")
        }
        "API_KEY_PROJECT_MISMATCH" | "API_KEY_ORG_MISMATCH" => {
            let org = settings.org.as_ref();
            let org = org.map_or_else(String::new, |org| {
                format!(", organization {} (from {})", org.value, org.source)
            });
            format!("the key came from {key}; project {project}{org}: they must belong together")
        }
        "PROJECT_NOT_FOUND" => format!("the project is {project}"),
        "PROVIDER_NOT_FOUND" => "`riq integrations catalog` lists the providers".to_owned(),
        "INTEGRATION_NOT_FOUND" | "REINSTALL_REQUIRED" => {
            format!("`riq integrations install {provider}` installs it in a browser")
        }
        code::NOT_INSTALLED => {
            format!("the link may be used up or expired: `riq integrations install {provider}` makes another")
        }
        "PROVIDER_NOT_CONFIGURED" => {
            format!("the server's operator sets it: `riq-server admin oauth-app set {provider}`")
        }
        "INVALID_TRANSITION" | "PRECONDITION_FAILED" | "CONFLICT" => {
            format!("`riq integrations show {provider}` shows its present state and etag")
        }
        "RATE_LIMITED" => match report.retry_after {
            Some(seconds) => format!("try again in {seconds} s"),
            None => "try again later".to_owned(),
        },
        code::CONNECTION | code::TIMEOUT | code::INVALID_RESPONSE => {
            let base = &settings.api_base.source;
            format!("the API base came from {base}: is it right, and does the server run?")
        }
        _ => return None,
    })
}
