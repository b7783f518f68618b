//! Advice for a person at a terminal: what to do about an error.

use integrations_core::catalog::ProviderRef;
use integrations_core::error::ErrorCode;

use crate::config::Config;
use crate::error::{Code, Report, code};

/// Advice for a failed command, if there is any. It says where the key came from, but never shows the key.
pub(crate) fn for_report(report: &Report, config: &Config, provider: Option<&ProviderRef>) -> Option<String> {
    let provider = provider.map_or("PROVIDER", ProviderRef::as_str);
    match &report.code {
        Code::Api(code) => for_refusal(code.known()?, report.retry_after, config, provider),
        Code::Local(code::NOT_INSTALLED) => Some(format!(
            "the link may be used up or expired: {} makes another",
            config.command(&format!("integrations install {provider}"))
        )),
        Code::Local(code::CONNECTION | code::TIMEOUT | code::INVALID_RESPONSE | code::REDIRECT) => {
            Some(format!("{}: check that it is right and that the server is running", base(config)))
        }
        Code::Local(_) => None,
    }
}

/// Where the API's address came from.
fn base(config: &Config) -> String {
    format!("the API base came from {}", config.api_base.source)
}

fn for_refusal(code: ErrorCode, retry_after: Option<u64>, config: &Config, provider: &str) -> Option<String> {
    let key = &config.api_key.source;
    let project = format!("{} (from {})", config.project.value, config.project.source);
    let command = |words: &str| config.command(&format!("integrations {words}"));
    Some(match code {
        ErrorCode::Unauthorized => format!(
            "the key came from {key}; if it is revoked or expired, ask the server's operator for a new one and put it \
             there; it may also belong to another server than that of the API base, which came from {}",
            config.api_base.source
        ),
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
        ErrorCode::ProjectNotFound => format!(
            "the project is {project}; check the id, which the address of the project's page in the dashboard contains, \
             and the API base, which came from {}: the project may be on another server",
            config.api_base.source
        ),
        ErrorCode::ResourceNotFound => {
            format!("{}: check that it is the address of this API, such as https://HOST/api/v1", base(config))
        }
        ErrorCode::ProviderNotFound => format!("{} lists the providers", command("catalog")),
        ErrorCode::IntegrationNotFound | ErrorCode::ReinstallRequired => {
            format!("{} installs it in a browser", command(&format!("install {provider}")))
        }
        ErrorCode::ProviderNotConfigured => format!(
            "the server's operator must set one: the page of {provider} in the dashboard shows the command for it"
        ),
        ErrorCode::InvalidTransition => format!(
            "{} shows its status; if it is disconnected, {} connects it again",
            command(&format!("show {provider}")),
            command(&format!("install {provider}"))
        ),
        ErrorCode::PreconditionFailed | ErrorCode::Conflict => {
            format!("{} shows its current status and ETag", command(&format!("show {provider}")))
        }
        ErrorCode::RateLimited => match retry_after {
            Some(seconds) => format!("try again in {seconds} s"),
            None => "try again later".to_owned(),
        },
        _ => return None,
    })
}
