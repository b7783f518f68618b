//! Tries an OAuth app at its provider's authorization endpoint, as the browser of a person who installs would.

use http::{Request, header};
use integrations_core::{catalog::Provider, health::NoAnswer, issue::Issue};
use serde_json::{Map, Value};
use url::Url;

use super::{Installer, problem::ProblemKind};
use crate::{provider::oauth_apps::FindAppError, store::AppsOf, token::Token};

/// What the authorization endpoint answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AppVerdict {
    /// It asks a person to sign in or to consent. The status of its answer.
    Accepted(u16),
    /// It refuses the app. The status of its answer, and the error that it names, if it names one.
    Refused(u16, Option<String>),
    /// It answered with a failure of its own. The status of its answer.
    Failed(u16),
    /// It did not answer.
    NoAnswer(NoAnswer),
}

impl AppVerdict {
    /// The status of the answer, if there was one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Accepted(status) | Self::Refused(status, _) | Self::Failed(status) => Some(*status),
            Self::NoAnswer(_) => None,
        }
    }

    /// What that means, for people. `name` is the provider's.
    pub fn words(&self, name: &str) -> String {
        match self {
            Self::Accepted(_) => {
                format!("{name} takes the request and asks the person to sign in or to consent.")
            }
            Self::Refused(_, error) => {
                let error = error.as_ref().map_or_else(String::new, |error| format!(" ({error})"));
                format!(
                    "{name} refuses the request{error}: compare the client id, the redirect address and the scopes \
                     with what is registered there."
                )
            }
            Self::Failed(_) => format!("{name} has trouble of its own. Try again later."),
            Self::NoAnswer(reason) => format!("{name} {reason}."),
        }
    }
}

/// Why an app was not tried.
#[derive(Debug)]
pub enum AppCheckError {
    /// No app is set.
    NotConfigured,
    /// The connection that the address needs is not valid.
    Invalid(Vec<Issue>),
    /// It failed on this server.
    Failed(ProblemKind),
}

impl From<ProblemKind> for AppCheckError {
    fn from(kind: ProblemKind) -> Self {
        Self::Failed(kind)
    }
}

impl From<FindAppError> for AppCheckError {
    fn from(error: FindAppError) -> Self {
        Self::Failed(error.into())
    }
}

impl Installer {
    /// Sends the request with which an installation begins, and reads what comes of it. Nothing is stored. `connection`
    /// is what a person would type, if the provider's addresses depend on it.
    pub async fn check_app(
        &self,
        of: AppsOf,
        provider: &Provider,
        connection: &Map<String, Value>,
    ) -> Result<AppVerdict, AppCheckError> {
        let Some(of_app) = provider.oauth_by_app() else { return Err(AppCheckError::NotConfigured) };
        let app = self.apps.find_of(of, provider).await?.filter(|app| of_app.suits(&app.fields));
        // An app of several services is tried as by the first, because each asks for scopes of its own.
        let service = of_app.services.first().and_then(|service| self.catalog.with_app(service.key.as_str()));
        let provider = service.map_or(provider, |service| service.as_ref());
        let oauth = provider.oauth_by_app().unwrap_or(of_app);
        let app = app.ok_or(AppCheckError::NotConfigured)?;
        let connection = provider.read_connection(connection).map_err(AppCheckError::Invalid)?;
        let server = self.server(provider, oauth, (&connection, &Map::new()), &app)?;
        let state = Token::generate(&self.environment);
        let verifier = server.takes_pkce().then(|| Token::generate(&self.environment).expose().to_owned());
        let url = server.authorize_url(state.expose(), verifier.as_deref());
        let request = Request::get(url.as_str()).header(header::ACCEPT, "text/html").body(Vec::new());
        let request = request.map_err(|_| AppCheckError::Failed(ProblemKind::Internal))?;
        Ok(match self.outbound.visit(request).await {
            Ok(answer) => {
                verdict(answer.status, answer.header("location"), &url, self.redirect_url(oauth)?.url())
            }
            Err(reason) => AppVerdict::NoAnswer(reason),
        })
    }
}

/// What an answer says about the app. An error that can be told to the client comes back to its redirect address (RFC
/// 6749, section 4.1.2.1). With an unknown client or address the provider must not redirect, so it shows a page with
/// the status of an error.
fn verdict(status: u16, location: Option<&str>, asked: &Url, redirect: &Url) -> AppVerdict {
    let location = location.and_then(|location| asked.join(location).ok());
    let is_back = location
        .as_ref()
        .is_some_and(|url| url.origin() == redirect.origin() && url.path() == redirect.path());
    let error = location.filter(|_| is_back).and_then(|url| {
        let error = url.query_pairs().find(|(name, _)| name == "error");
        error.map(|(_, value)| value.into_owned())
    });
    match status {
        300..=399 if is_back => AppVerdict::Refused(status, error),
        200..=399 => AppVerdict::Accepted(status),
        400..=499 => AppVerdict::Refused(status, None),
        _ => AppVerdict::Failed(status),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts() {
        let asked: Url = "https://provider.example/authorize?x=1".parse().unwrap();
        let redirect: Url = "https://riq.example/oauth/callback".parse().unwrap();
        let of = |status, location| verdict(status, location, &asked, &redirect);
        assert_eq!(of(200, None), AppVerdict::Accepted(200));
        assert_eq!(of(302, Some("/sign-in")), AppVerdict::Accepted(302));
        assert_eq!(
            of(302, Some("https://riq.example.evil/oauth/callback?error=x")),
            AppVerdict::Accepted(302)
        );
        let back = "https://riq.example/oauth/callback?error=invalid_scope&state=s";
        assert_eq!(of(302, Some(back)), AppVerdict::Refused(302, Some("invalid_scope".into())));
        assert_eq!(of(400, None), AppVerdict::Refused(400, None));
        assert_eq!(of(404, Some("/x")), AppVerdict::Refused(404, None));
        assert_eq!(of(503, None), AppVerdict::Failed(503));
    }
}
