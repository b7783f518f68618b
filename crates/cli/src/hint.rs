//! Advice for a person at a terminal: what to do about an error.

use crate::provider::ProviderPath;
use integrations_core::error::ErrorCode;

use crate::config::Config;
use crate::error::{Code, Report, code};

/// Advice for a failed command, if there is any. It says where the key came from, but never shows the key.
pub(crate) fn for_report(
    report: &Report,
    config: &Config,
    provider: Option<&ProviderPath>,
) -> Option<String> {
    let provider = provider.map_or("PROVIDER", ProviderPath::as_str);
    match &report.code {
        Code::Api(code) => for_refusal(code.known()?, report.retry_after, config, provider),
        Code::Local(code::NOT_INSTALLED) => Some(format!(
            "the link may be used up or expired: `riq integrations install {provider}` makes another"
        )),
        Code::Local(code::CONNECTION | code::TIMEOUT | code::INVALID_RESPONSE) => {
            let base = &config.api_base.source;
            Some(format!(
                "the API base came from {base}: check that it is right and that the server is running"
            ))
        }
        Code::Local(_) => None,
    }
}

fn for_refusal(code: ErrorCode, retry_after: Option<u64>, config: &Config, provider: &str) -> Option<String> {
    let key = &config.api_key.source;
    let project = format!("{} (from {})", config.project.value, config.project.source);
    Some(match code {
        ErrorCode::Unauthorized => {
            format!("the key came from {key}; it may be revoked or expired, or belong to another server")
        }
        ErrorCode::InsufficientScope => {
            format!("the key came from {key}; this command needs one with the scope named above")
        }
        ErrorCode::ApiKeyProjectMismatch | ErrorCode::ApiKeyOrgMismatch => {
            let org = config.org.as_ref();
            let org = org.map_or_else(String::new, |org| {
                format!(", organization {} (from {})", org.value, org.source)
            });
            format!(
                "the key came from {key}; project {project}{org}: the key must belong to the organization that owns \
                 the project"
            )
        }
        ErrorCode::ProjectNotFound => format!("the project is {project}"),
        ErrorCode::ProviderNotFound => "`riq integrations catalog` lists the providers".to_owned(),
        ErrorCode::IntegrationNotFound | ErrorCode::ReinstallRequired => {
            format!("`riq integrations install {provider}` installs it in a browser")
        }
        ErrorCode::ProviderNotConfigured => {
            format!("the server's operator must set one: `riq-server admin oauth-app set {provider}`")
        }
        ErrorCode::InvalidTransition | ErrorCode::PreconditionFailed | ErrorCode::Conflict => {
            format!("`riq integrations show {provider}` shows its current status and ETag")
        }
        ErrorCode::RateLimited => match retry_after {
            Some(seconds) => format!("try again in {seconds} s"),
            None => "try again later".to_owned(),
        },
        _ => return None,
    })
}
