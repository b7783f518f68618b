//! What a person reads who could not sign in with the provider.

use axum::response::{IntoResponse as _, Response};
use http::StatusCode;

use super::{view, visit::Visit};
use crate::{
    edge::failure::Failure,
    provider::openid::OpenIdError,
    services::people::{SignInProblem, Untold},
};

/// A page that says what happened and what to do. The details for the operator go to the log.
pub(super) fn page(visit: &Visit, problem: &SignInProblem) -> Response {
    tracing::info!(%problem, request_id = %visit.request_id, "nobody was signed in");
    match problem {
        SignInProblem::Store(error) => {
            tracing::warn!(%error, "a sign-in ended at the database");
            Failure::unavailable("The database is unavailable for the moment; try again").into_response()
        }
        SignInProblem::NoRole { user, issuer, subject } => {
            let page = view::sign_in::no_role(&visit.frame(), *user, issuer, subject);
            visit.page(StatusCode::FORBIDDEN, page)
        }
        problem => {
            let (status, title, explanation, advice) = words(problem);
            let again = visit.addresses.sign_in();
            let words = view::failure::Words {
                title,
                explanation: &explanation,
                advice,
                way_on: Some((&again, "To the sign-in page")),
                request_id: &visit.request_id,
            };
            visit.page(status, view::failure::page(&visit.frame(), &words))
        }
    }
}

const AGAIN: &str = "Sign in again, from the sign-in page, and in the browser in which you began.";
const ASK: &str = "Tell the operator of this server, with the request id below.";

fn words(problem: &SignInProblem) -> (StatusCode, &'static str, String, &'static str) {
    let refused = |title, explanation: &str, advice| {
        (StatusCode::FORBIDDEN, title, format!("{explanation} Nothing was changed."), advice)
    };
    match problem {
        SignInProblem::Unknown => {
            refused("This sign-in is over", "It was finished before, or began at another server.", AGAIN)
        }
        SignInProblem::Expired => {
            refused("That took too long", "A sign-in must end within ten minutes.", AGAIN)
        }
        SignInProblem::OtherBrowser => refused(
            "This browser did not begin the sign-in",
            "The provider sent a sign-in back that another browser began, or the browser's cookies were deleted.",
            "Sign in again from the sign-in page. Cookies must be allowed. If you followed a link of somebody else, do \
             not follow it again.",
        ),
        SignInProblem::OtherSender => refused(
            "The answer came from another provider",
            "The provider that sent the browser back is not the one that people sign in with here.",
            "Sign in again from the sign-in page. If this page comes again, tell the operator of this server.",
        ),
        SignInProblem::Reported(reported) if reported.is_denial() => refused(
            "You did not sign in",
            "The sign-in was declined at the provider.",
            "You may sign in again.",
        ),
        SignInProblem::Reported(reported) => {
            let description = reported.description.as_deref().map(|text| format!(": “{text}”"));
            let explanation =
                format!("It reports the error {}{}.", reported.code, description.unwrap_or_default());
            refused("The provider did not sign you in", &explanation, ASK)
        }
        SignInProblem::Malformed(what) => refused(
            "The provider's answer is not complete",
            &format!("About the redirect back: {what}."),
            ASK,
        ),
        SignInProblem::Roles(untold) => {
            refused("Your groups are not known", &format!("{}.", told(*untold)), ASK)
        }
        SignInProblem::Revoked(_) => refused(
            "Your access was taken away",
            "An operator of this server revoked it.",
            "If you need access, ask the operator.",
        ),
        SignInProblem::NotConfigured => (
            StatusCode::NOT_FOUND,
            "People cannot sign in here",
            "No provider is set on this server.".to_owned(),
            "Sign in with an API key.",
        ),
        SignInProblem::Provider(error) => of_provider(error),
        // They have pages of their own.
        SignInProblem::Store(_) | SignInProblem::NoRole { .. } => refused("Nobody was signed in", "", ASK),
    }
}

const fn told(untold: Untold) -> &'static str {
    match untold {
        Untold::Absent => {
            "The provider did not say in which groups you are, which decides what you may do here"
        }
        Untold::Elsewhere => {
            "The provider did not say in which groups you are, because there are too many for it. It must be set to tell \
             only those that are assigned to this application"
        }
        Untold::Unreadable => {
            "What the provider said of your groups cannot be read, and they decide what you may do here"
        }
    }
}

fn of_provider(error: &OpenIdError) -> (StatusCode, &'static str, String, &'static str) {
    tracing::warn!(%error, "the OpenID Connect provider signed nobody in");
    match error {
        OpenIdError::NoSignInTime | OpenIdError::OldSignIn => (
            StatusCode::FORBIDDEN,
            "A fresh sign-in is needed",
            "The provider used an earlier sign-in, or does not say when you signed in (auth_time). Nothing was changed."
                .to_owned(),
            "Sign out at the provider, and sign in again. If this page comes again, tell the operator of this server.",
        ),
        OpenIdError::Unreachable { .. } => (
            StatusCode::SERVICE_UNAVAILABLE,
            "The provider does not answer",
            "The provider that people sign in with cannot be reached.".to_owned(),
            "Try again in a few minutes.",
        ),
        OpenIdError::Refused { .. }
        | OpenIdError::Unreadable { .. }
        | OpenIdError::Issuer { .. }
        | OpenIdError::IdToken(_)
        | OpenIdError::OtherPerson => (
            StatusCode::BAD_GATEWAY,
            "The provider did not prove who you are",
            "Its answer was not what this server expects. The log says why. Nothing was changed.".to_owned(),
            ASK,
        ),
    }
}
