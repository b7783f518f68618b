//! Advice for a person at a terminal: what to do about an error.

use integrations_core::error::ErrorCode;

use crate::commands::ApiCommand;
use crate::config::Config;
use crate::error::{Code, Report, code};
use crate::place::Place;

/// Advice for a failed command, if there is any. It says where the key came from, but never shows the key.
pub(crate) fn for_report(report: &Report, config: &Config, command: &ApiCommand) -> Option<String> {
    let provider = command.provider().unwrap_or("PROVIDER");
    match &report.code {
        Code::Api(code) => {
            let code = code.known()?;
            for_every_command(code, report.retry_after, config).or_else(|| match command {
                ApiCommand::Integrations(_)
                | ApiCommand::InstallLinks(_)
                | ApiCommand::Audit(_)
                | ApiCommand::Mcp(_) => on_integrations(code, config, provider),
                ApiCommand::Actions(_)
                | ApiCommand::Policy(_)
                | ApiCommand::Runs(_)
                | ApiCommand::Approvals(_)
                | ApiCommand::Proxy(_) => on_calls(code, config, command, report.run_id.as_deref())
                    .or_else(|| on_integrations(code, config, provider)),
                ApiCommand::Webhooks(_) => on_webhooks(code, config),
                ApiCommand::Projects(_) => on_projects(code, config),
                ApiCommand::Keys(_) => on_keys(code, config),
                ApiCommand::OauthApps(_) => on_oauth_apps(code, config, provider),
            })
        }
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

/// The project or organization, and where it came from.
fn place(config: &Config) -> String {
    format!("{} (from {})", config.place.value, config.place.source)
}

fn for_every_command(code: ErrorCode, retry_after: Option<u64>, config: &Config) -> Option<String> {
    let key = &config.api_key.source;
    Some(match code {
        ErrorCode::Unauthorized => format!(
            "the key came from {key}; if it is revoked or expired, ask the server's operator for a new one and put it \
             there; it may also belong to another server than that of the API base, which came from {}",
            config.api_base.source
        ),
        ErrorCode::InsufficientScope => {
            format!("the key came from {key}; this command needs one with the scope named above")
        }
        ErrorCode::ApiKeyProjectMismatch | ErrorCode::ApiKeyOrgMismatch => mismatch(config),
        ErrorCode::RateLimited => match retry_after {
            Some(seconds) => format!("try again in {seconds} s"),
            None => "try again later".to_owned(),
        },
        _ => return None,
    })
}

fn mismatch(config: &Config) -> String {
    let (key, place) = (&config.api_key.source, place(config));
    match config.place.value {
        Place::Project(_) => {
            let org = config.org.as_ref();
            let org = org.map_or_else(String::new, |org| {
                format!(", organization {} (from {})", org.value, org.source)
            });
            format!(
                "the key came from {key}; {place}{org}: the key must belong to the organization that owns the project"
            )
        }
        Place::Organization(_) => format!(
            "the key came from {key}; {place}: the key must belong to it, and a key that is bound to projects reaches \
             these alone"
        ),
    }
}

fn on_integrations(code: ErrorCode, config: &Config, provider: &str) -> Option<String> {
    let command = |words: &str| config.command(&format!("integrations {words}"));
    Some(match code {
        ErrorCode::ProjectNotFound => no_such_project(config),
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
        _ => return None,
    })
}

/// Advice on the use of what is installed.
fn on_calls(code: ErrorCode, config: &Config, command: &ApiCommand, run: Option<&str>) -> Option<String> {
    let provider = command.provider().unwrap_or("PROVIDER");
    let command_line = |words: &str| config.command(words);
    Some(match (code, command) {
        (ErrorCode::ActionNotFound | ErrorCode::ActionNotPermitted, _) => {
            format!(
                "{} lists its actions, and what is permitted",
                command_line(&format!("actions list {provider}"))
            )
        }
        (ErrorCode::IntegrationNotActive, _) => {
            format!("{} shows its status", command_line(&format!("integrations show {provider}")))
        }
        (ErrorCode::OutcomeUnknown, _) => {
            let show = run.map_or_else(|| "runs list".to_owned(), |run| format!("runs show {run}"));
            format!("do not call it again; {} shows what is found out", command_line(&show))
        }
        (ErrorCode::ApprovalNotPending, _) => {
            format!("{} lists what waits for a person", command_line("approvals list --status pending"))
        }
        (ErrorCode::ResourceNotFound, ApiCommand::Approvals(_)) => {
            format!("{} lists the approvals; {}", command_line("approvals list"), unknown_route(config))
        }
        (ErrorCode::ResourceNotFound, ApiCommand::Runs(_)) => {
            format!("{} lists the runs; {}", command_line("runs list"), unknown_route(config))
        }
        (ErrorCode::ResourceNotFound, _) => unknown_route(config),
        _ => return None,
    })
}

fn no_such_project(config: &Config) -> String {
    let ([_, id], source) = (config.place.value.segments(), &config.place.source);
    format!(
        "the project is {id} (from {source}); check the id, which the address of the project's page in the dashboard \
         contains, and the API base, which came from {}: the project may be on another server",
        config.api_base.source
    )
}

fn on_projects(code: ErrorCode, config: &Config) -> Option<String> {
    match code {
        ErrorCode::ProjectNotFound => {
            Some(format!("{} lists the projects that are in use", config.command("projects list")))
        }
        ErrorCode::ResourceNotFound => Some(unknown_route(config)),
        _ => None,
    }
}

fn on_keys(code: ErrorCode, config: &Config) -> Option<String> {
    match code {
        ErrorCode::ResourceNotFound => Some(format!("{} lists the keys", config.command("keys list"))),
        ErrorCode::ProjectNotFound => {
            Some(format!("{} lists the projects that are in use", config.command("projects list")))
        }
        _ => None,
    }
}

fn on_webhooks(code: ErrorCode, config: &Config) -> Option<String> {
    match code {
        ErrorCode::ProjectNotFound => Some(no_such_project(config)),
        ErrorCode::ResourceNotFound => {
            Some(format!("{} lists the webhooks; {}", config.command("webhooks list"), unknown_route(config)))
        }
        _ => None,
    }
}

fn on_oauth_apps(code: ErrorCode, config: &Config, provider: &str) -> Option<String> {
    let command = |words: &str| config.command(&format!("oauth-apps {words}"));
    match code {
        ErrorCode::ProjectNotFound => Some(no_such_project(config)),
        ErrorCode::ProviderNotFound => Some(format!("{} lists the providers", command("list"))),
        ErrorCode::ProviderNotConfigured => Some(format!("{} sets one", command(&format!("set {provider}")))),
        _ => None,
    }
}

/// A server that does not have these routes yet answers as to any unknown one.
fn unknown_route(config: &Config) -> String {
    format!("{}; a server that is older than riq does not know this command either", base(config))
}
