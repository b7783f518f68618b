//! Install links: what a request for one names, how far one is, and what the product is told at the end.

use serde_json::Value;

use crate::{
    catalog::AuthKind,
    fields::{BodyError, Fields, text},
    issue::Issue,
    return_address::{ReturnOrigin, ReturnUrl},
    words::words,
};

/// The most bytes of the caller's own text that goes back with the person.
const MAX_STATE: usize = 1000;
/// The most bytes of an account's id.
const MAX_ACCOUNT: usize = 250;

words! {
    /// How far an install link is.
    pub enum LinkStatus {
        /// It opens the page of its installation.
        Open = "open",
        /// An installation was finished with it.
        Used = "used",
        /// Its time is over.
        Expired = "expired",
        /// Somebody ended it.
        Ended = "ended",
    }
}

words! {
    /// How an installation ended, as the product is told.
    pub enum ReturnStatus {
        /// The provider is connected.
        Connected = "connected",
        /// The person did not want it.
        Denied = "denied",
        /// It did not work.
        Failed = "failed",
    }
}

words! {
    /// Why an installation failed, as the product is told. More may be added.
    pub enum InstallFailure {
        /// The person chose another account than the link is for, or the provider did not say which it is.
        AccountMismatch = "account_mismatch",
        /// The link was used, has expired, or was ended.
        LinkUnusable = "link_unusable",
        /// The person took too long.
        Expired = "expired",
        /// The provider refused the request or the credential.
        ProviderRefused = "provider_refused",
        /// The provider did not answer, or gave no clear answer.
        ProviderUnavailable = "provider_unavailable",
        /// The provider granted less than is needed.
        PermissionsMissing = "permissions_missing",
        /// What came back from the provider was not its answer to this request.
        InvalidAnswer = "invalid_answer",
        /// The provider is not set up on this server.
        NotConfigured = "not_configured",
        /// The key or person that made the link may not install any more, or the project is gone.
        NotAllowed = "not_allowed",
        /// A fault of this server.
        ServerError = "server_error",
    }
}

/// What a product is told of an installation's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InstallResult {
    /// The provider is connected.
    Connected,
    /// The person did not want it.
    Denied,
    /// It did not work, and why.
    Failed(InstallFailure),
}

impl InstallResult {
    /// Its word.
    pub const fn status(self) -> ReturnStatus {
        match self {
            Self::Connected => ReturnStatus::Connected,
            Self::Denied => ReturnStatus::Denied,
            Self::Failed(_) => ReturnStatus::Failed,
        }
    }

    /// Why it failed.
    pub const fn code(self) -> Option<InstallFailure> {
        match self {
            Self::Connected | Self::Denied => None,
            Self::Failed(failure) => Some(failure),
        }
    }
}

/// What a request for an install link names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkRequest {
    /// Where the person goes back to at the end. Whether the project allows it, [`LinkRequest::check`] says.
    pub return_url: Option<ReturnUrl>,
    /// The caller's own text, which goes back with the person.
    pub state: Option<String>,
    /// The id of the only account at the provider that may be connected.
    pub expected_account: Option<String>,
    /// The only way to log in that it offers.
    pub auth: Option<AuthKind>,
}

impl LinkRequest {
    /// Reads the body of a request, which may be empty. `names_accounts` is whether the provider says whose account a
    /// credential belongs to, and `ways` are those to log in there.
    pub fn read(body: &[u8], names_accounts: bool, ways: &[AuthKind]) -> Result<Self, BodyError> {
        let mut fields = Fields::read_optional(body)?;
        let return_url = fields.optional("return_url", |value| ReturnUrl::read(&text(value)?));
        let state = fields.optional("state", |value| short(value, MAX_STATE));
        let expected_account = fields.optional("expected_account_id", |value| match names_accounts {
            true => short(value, MAX_ACCOUNT),
            false => Err("This provider does not say which account was connected".to_owned()),
        });
        let auth = fields.optional("auth", |value| way(value, ways));
        match (&return_url, &state) {
            (None, Some(_)) => {
                fields.report(Issue::new("state", "Needs return_url, with which it goes back"))
            }
            (Some(url), Some(_)) if url.has_state() => {
                fields.report(Issue::new(
                    "return_url",
                    "Must not have the parameter state beside the field state",
                ));
            }
            _ => {}
        }
        fields.finish(Some(Self { return_url, state, expected_account, auth }))
    }

    /// Whether the project allows the return. The issue says which origins it allows.
    pub fn check(&self, allowed: &[ReturnOrigin]) -> Result<(), Issue> {
        let Some(url) = self.return_url.as_ref().filter(|url| !url.is_at(allowed)) else { return Ok(()) };
        let origins: Vec<&str> = allowed.iter().map(ReturnOrigin::as_str).collect();
        let allowed = match origins.is_empty() {
            true => "it has none".to_owned(),
            false => format!("they are {}", origins.join(", ")),
        };
        let message = format!("{} is not among the project's return_origins: {allowed}", url.origin());
        Err(Issue::new("return_url", message))
    }

    /// Whether a person must keep to it, whoever they are: it leads back, is for one account, or for one way to log in.
    pub const fn is_bound(&self) -> bool {
        self.return_url.is_some() || self.expected_account.is_some() || self.auth.is_some()
    }
}

/// Reads the kind of one of these ways to log in.
fn way(value: Value, ways: &[AuthKind]) -> Result<AuthKind, String> {
    let word = text(value)?;
    let known: Vec<&str> = ways.iter().map(|way| way.as_str()).collect();
    let found = ways.iter().find(|way| way.as_str() == word).copied();
    found.ok_or_else(|| format!("This provider has no such way to log in: it has {}", known.join(", ")))
}

/// Reads a text that is not empty.
fn short(value: Value, most: usize) -> Result<String, String> {
    let text = text(value)?;
    match text.len() {
        0 => Err("Must not be empty".to_owned()),
        length if length > most => Err(format!("Must have {most} bytes or fewer")),
        _ if text.contains('\0') => Err("Must not contain U+0000".to_owned()),
        _ => Ok(text),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(body: Value) -> Result<LinkRequest, String> {
        let ways = [AuthKind::OAuth, AuthKind::ApiKey];
        LinkRequest::read(body.to_string().as_bytes(), true, &ways).map_err(|error| match error {
            BodyError::Invalid(issues) => {
                issues.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            }
            other => other.to_string(),
        })
    }

    #[test]
    fn no_body_asks_for_a_plain_link() {
        assert_eq!(LinkRequest::read(b"", true, &[]), Ok(LinkRequest::default()));
        assert_eq!(read(json!({})), Ok(LinkRequest::default()));
        assert!(!LinkRequest::default().is_bound());
    }

    #[test]
    fn a_link_for_one_way_binds_everybody() {
        let asked = read(json!({"auth": "api_key"})).unwrap();
        assert_eq!((asked.auth, asked.is_bound()), (Some(AuthKind::ApiKey), true));
    }

    #[test]
    fn a_return_is_checked_against_the_project() {
        let asked = read(json!({"return_url": "https://app.example/x?tab=1", "state": "abc"})).unwrap();
        assert!(asked.is_bound());
        let allowed =
            ["https://other.example", "https://app.example"].map(|text| ReturnOrigin::read(text).unwrap());
        assert_eq!(asked.check(&allowed), Ok(()));
        assert_eq!(
            asked.check(&allowed[..1]).unwrap_err().to_string(),
            "return_url: https://app.example is not among the project's return_origins: they are https://other.example"
        );
        assert!(asked.check(&[]).unwrap_err().to_string().ends_with("it has none"));
    }

    #[test]
    fn what_does_not_belong_together_is_refused() {
        for (body, issue) in [
            (json!({"state": "abc"}), "state: Needs return_url, with which it goes back"),
            (
                json!({"return_url": "https://app.example/?state=1", "state": "abc"}),
                "return_url: Must not have the parameter state beside the field state",
            ),
            (json!({"return_url": "https://app.example", "state": ""}), "state: Must not be empty"),
            (json!({"return_url": null}), "return_url: Expected string"),
            (json!({"return": "https://app.example"}), "return: Unknown field"),
            (
                json!({"auth": "webhook_url"}),
                "auth: This provider has no such way to log in: it has oauth, api_key",
            ),
            (json!({"auth": ["oauth"]}), "auth: Expected string"),
            (json!({"expected_account_id": 7}), "expected_account_id: Expected string"),
        ] {
            assert_eq!(read(body.clone()), Err(issue.to_owned()), "{body}");
        }
        let unknown = LinkRequest::read(br#"{"expected_account_id": "x"}"#, false, &[]);
        assert!(matches!(unknown, Err(BodyError::Invalid(_))));
    }
}
