//! Errors of the command line, with their codes and exit statuses.

use std::fmt;

use integrations_core::error::ErrorCode;
use integrations_core::issue::Issue;
use integrations_core::wire::Open;

/// The process's exit status, a part of the command line's contract.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// The command was called wrongly, or its configuration is wrong.
    Usage = 1,
    /// The API refused or failed, or could not be reached.
    Refused = 2,
    /// The key is missing, not accepted, or lacks the scope.
    Authentication = 3,
    /// Still rate-limited after the one retry.
    RateLimited = 4,
}

impl Exit {
    /// The exit status for an HTTP answer that is not a success.
    pub(crate) fn of_status(status: u16) -> Self {
        match status {
            401 | 403 => Self::Authentication,
            429 => Self::RateLimited,
            _ => Self::Refused,
        }
    }

    /// The exit status for an error of the API. What is not permitted in a project, or is above a limit that was set
    /// there, is refused whatever the key may do.
    pub(crate) fn of_error(status: u16, code: Option<ErrorCode>) -> Self {
        match code {
            Some(ErrorCode::ActionNotPermitted | ErrorCode::ActionLimitExceeded) => Self::Refused,
            _ => Self::of_status(status),
        }
    }
}

/// Codes of errors that do not come from the API, in the style of its codes.
pub(crate) mod code {
    /// The command was called wrongly.
    pub(crate) const USAGE: &str = "USAGE_ERROR";
    /// The config file cannot be used.
    pub(crate) const CONFIG: &str = "CONFIG_ERROR";
    /// The person at the prompt did not say yes.
    pub(crate) const NOT_CONFIRMED: &str = "NOT_CONFIRMED";
    /// Nobody finished the installation in time.
    pub(crate) const NOT_INSTALLED: &str = "NOT_INSTALLED";
    /// The installation ended with an integration that does not work.
    pub(crate) const INSTALL_FAILED: &str = "INSTALL_FAILED";
    /// A run ended without success, and the server does not say why.
    pub(crate) const NOT_DONE: &str = "NOT_DONE";
    /// The provider answered a proxied request with an error.
    pub(crate) const PROVIDER_ERROR: &str = "PROVIDER_ERROR";
    /// The server made a key before, and shows it once only.
    pub(crate) const KEY_NOT_SHOWN: &str = "KEY_NOT_SHOWN";
    /// The server made a webhook's secret before, and shows it once only.
    pub(crate) const SECRET_NOT_SHOWN: &str = "SECRET_NOT_SHOWN";
    /// There was no connection, or it broke.
    pub(crate) const CONNECTION: &str = "CONNECTION_FAILED";
    /// There was no answer in time.
    pub(crate) const TIMEOUT: &str = "TIMEOUT";
    /// The answer does not come from this API.
    pub(crate) const INVALID_RESPONSE: &str = "INVALID_RESPONSE";
    /// The answer is a redirect. The key is not sent there.
    pub(crate) const REDIRECT: &str = "UNEXPECTED_REDIRECT";
    /// Standard output or standard input could not be used.
    pub(crate) const IO: &str = "IO_ERROR";
}

/// A code to branch on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    /// A code of the API, or of a newer API.
    Api(Open<ErrorCode>),
    /// One of [`code`].
    Local(&'static str),
}

impl From<ErrorCode> for Code {
    fn from(code: ErrorCode) -> Self {
        Self::Api(code.into())
    }
}

impl From<&'static str> for Code {
    fn from(code: &'static str) -> Self {
        Self::Local(code)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(code) => code.fmt(f),
            Self::Local(code) => f.write_str(code),
        }
    }
}

/// One error, ready to be printed for a person or as JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Report {
    /// What happened, in one sentence.
    pub(crate) message: String,
    /// The code to branch on.
    pub(crate) code: Code,
    /// The API's id for the request, if the API answered with an error.
    pub(crate) request_id: Option<String>,
    /// The run that was stored of a call, if there is one.
    pub(crate) run_id: Option<String>,
    /// The HTTP status, if the API answered with an error, or the provider through the proxy.
    pub(crate) status: Option<u16>,
    /// What is wrong with the body, field by field.
    pub(crate) issues: Vec<Issue>,
    /// Seconds to wait before the next attempt.
    pub(crate) retry_after: Option<u64>,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// The exit status that follows.
    pub(crate) exit: Exit,
}

impl Report {
    /// An error that does not come from the API.
    pub(crate) fn local(code: impl Into<Code>, exit: Exit, message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: code.into(),
            request_id: None,
            run_id: None,
            status: None,
            issues: Vec::new(),
            retry_after: None,
            hint: None,
            exit,
        }
    }

    /// Whether the next attempt may succeed.
    pub(crate) fn is_temporary(&self) -> bool {
        self.exit == Exit::RateLimited
            || self.status.is_some_and(|status| status >= 500)
            || matches!(self.code, Code::Local(code::CONNECTION | code::TIMEOUT | code::INVALID_RESPONSE))
                && self.exit == Exit::Refused
    }

    /// The same report with advice.
    pub(crate) fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The message with the issues, and with the advice if the error does not come from the API. JSON output has only
    /// this one text.
    pub(crate) fn full_message(&self) -> String {
        let mut text = self.message.clone();
        let issues: Vec<String> = self.issues.iter().map(ToString::to_string).collect();
        if !issues.is_empty() {
            text.push_str(&format!(": {}", issues.join("; ")));
        }
        if let (None, Some(hint)) = (self.status, &self.hint) {
            text.push_str(&format!(" ({hint})"));
        }
        text
    }
}

/// Why a command ended without success.
#[derive(Debug)]
pub(crate) enum Failure {
    /// An error to print.
    Reported(Box<Report>),
    /// The reader of standard output went away. This is not an error, and nothing is printed.
    PipeClosed,
}

impl Failure {
    /// A command that was called wrongly.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Report::local(code::USAGE, Exit::Usage, message).into()
    }

    /// An answer that does not come from this API.
    pub(crate) fn invalid_response(message: impl Into<String>) -> Self {
        Report::local(code::INVALID_RESPONSE, Exit::Refused, message).into()
    }
}

impl From<Report> for Failure {
    fn from(report: Report) -> Self {
        Self::Reported(Box::new(report))
    }
}
