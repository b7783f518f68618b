//! The problems of an installation, in words for the person who installs.

use http::StatusCode;
use integrations_core::oauth::{ChoiceProblem, DiscoveryProblem, ReportedError};

use crate::services::install::{InstallProblem, InstallTarget, LinkProblem, ProblemKind, StateProblem};

/// What a page says of a problem.
#[derive(Debug)]
pub(super) struct Said {
    /// What happened, in a few words.
    pub(super) title: String,
    /// What that means, in a sentence or two.
    pub(super) explanation: String,
    /// What the person can do about it.
    pub(super) advice: String,
}

impl Said {
    /// The words for those who work with this server, or for customers, who know nothing of it.
    pub(super) fn of(problem: &InstallProblem, is_customer: bool) -> Self {
        let said = Self { title: title(problem), explanation: explanation(problem), advice: advice(problem) };
        if is_customer { said.for_customer(problem) } else { said }
    }

    fn for_customer(self, problem: &InstallProblem) -> Self {
        const TELL: &str =
            "Try again. If it happens again, tell those who sent you here, with the request id below.";
        const ASK: &str = "Ask for a new link where you got this one.";

        let provider = provider(problem);
        let say = |title: &str, explanation: &str, advice: &str| Self {
            title: title.to_owned(),
            explanation: explanation.to_owned(),
            advice: advice.to_owned(),
        };
        let nothing = "Nothing was connected.";
        match &problem.kind {
            ProblemKind::NotConfigured => say(
                &format!("{provider} cannot be connected yet"),
                "Those who sent you here have to set it up first.",
                "Ask them, then open the link again.",
            ),
            ProblemKind::RightsGone | ProblemKind::ProjectGone => say(
                "This link does not work any more",
                "Those who made it cannot connect anything with it now.",
                ASK,
            ),
            ProblemKind::Link(_) => Self { advice: ASK.to_owned(), ..self },
            ProblemKind::MissingScopes(_) => Self {
                explanation: format!("Not everything that is needed was allowed. {nothing}"),
                advice: "Connect again and leave everything ticked; you may need an administrator there."
                    .to_owned(),
                ..self
            },
            ProblemKind::Callback(_) | ProblemKind::Malformed(_) => {
                Self { explanation: format!("What came back could not be used. {nothing}"), ..self }
            }
            ProblemKind::Token(_) => {
                let explanation = format!("{provider} did not finish the connection. {nothing}");
                Self { explanation, advice: TELL.to_owned(), ..self }
            }
            ProblemKind::NoAnswer(reason) => {
                Self { explanation: format!("{provider} {reason}. {nothing}"), ..self }
            }
            ProblemKind::Choice(problem) => {
                Self { explanation: format!("{provider} {problem}. {nothing}"), ..self }
            }
            ProblemKind::Discovery(DiscoveryProblem::Unapproved { host }) => Self {
                explanation: format!("This server is not allowed to go to {host}. {nothing}"),
                advice: "Ask those who sent you here to have it allowed, then try again.".to_owned(),
                ..self
            },
            ProblemKind::DeadOnArrival(_) => {
                say(&format!("{provider} did not accept the connection"), nothing, TELL)
            }
            ProblemKind::State(StateProblem::Posted) | ProblemKind::Internal => {
                Self { advice: TELL.to_owned(), ..self }
            }
            ProblemKind::Reported(error) if !error.is_denial() && problem.target.is_some() => {
                Self { advice: TELL.to_owned(), ..self }
            }
            ProblemKind::Unavailable => {
                Self { title: "That is not possible for the moment".to_owned(), ..self }
            }
            _ => self,
        }
    }
}

/// What happened, in a few words.
fn title(problem: &InstallProblem) -> String {
    let provider = provider(problem);
    match &problem.kind {
        ProblemKind::Invalid(_) => "Some fields need another look".into(),
        ProblemKind::Refused(_) => format!("{provider} does not accept this"),
        ProblemKind::Unchecked(_) => format!("{provider} gave no clear answer"),
        ProblemKind::NotConfigured => format!("{provider} is not set up on this server"),
        ProblemKind::Link(LinkProblem::Unknown) => "This link is not known".into(),
        ProblemKind::Link(LinkProblem::Expired) => "This link has expired".into(),
        ProblemKind::Link(LinkProblem::Used) => "This link has been used".into(),
        ProblemKind::Link(LinkProblem::Foreign) => "This link is for something else".into(),
        ProblemKind::Link(LinkProblem::Ended) => "This link does not work any more".into(),
        ProblemKind::RightsGone => "Who began this may not install here any more".into(),
        ProblemKind::ProjectGone => "This project does not exist any more".into(),
        ProblemKind::State(StateProblem::Unknown) => "No connection was started here".into(),
        ProblemKind::State(StateProblem::Expired) => "That took too long".into(),
        ProblemKind::State(StateProblem::Used) => "This answer was used already".into(),
        ProblemKind::State(StateProblem::OtherBrowser) => "This was started in another browser".into(),
        ProblemKind::State(StateProblem::Elsewhere) => "This answer was used in another browser".into(),
        ProblemKind::State(StateProblem::Posted) => {
            format!("{provider} answered in another way than was asked")
        }
        ProblemKind::State(StateProblem::Interrupted) => "The connection was interrupted".into(),
        ProblemKind::Callback(_) => format!("This answer is not from {provider}"),
        ProblemKind::Malformed(_) => format!("The answer of {provider} is not complete"),
        ProblemKind::Reported(error) if error.is_denial() => "Access was not granted".into(),
        ProblemKind::Reported(_) | ProblemKind::Token(_) => format!("{provider} refused"),
        ProblemKind::Discovery(_) => "There is no way to sign in there".into(),
        ProblemKind::Choice(_) => format!("There is nothing to connect at {provider}"),
        ProblemKind::NoAnswer(_) => format!("{provider} did not answer"),
        ProblemKind::MissingScopes(_) => format!("{provider} granted too little"),
        ProblemKind::OtherAccount(_) => "This is another account".into(),
        ProblemKind::DeadOnArrival(_) => format!("{provider} does not accept its own token"),
        ProblemKind::Contended => "Somebody else is changing this integration".into(),
        ProblemKind::Unavailable => "The database is not available".into(),
        ProblemKind::Internal => "Something went wrong on the server".into(),
    }
}

/// What that means, in a sentence or two.
fn explanation(problem: &InstallProblem) -> String {
    let provider = provider(problem);
    match &problem.kind {
        ProblemKind::Invalid(_) => "Nothing was stored.".into(),
        ProblemKind::Refused(message) | ProblemKind::Unchecked(message) => {
            format!("{message}. Nothing was stored.")
        }
        ProblemKind::NotConfigured => {
            format!("To connect {provider}, an app of its own has to be registered there, and none is set here.")
        }
        ProblemKind::Link(problem) => explain_link(*problem).into(),
        ProblemKind::RightsGone => "The API key that was used here was revoked or has expired, or the person's role here was taken away.".into(),
        ProblemKind::ProjectGone => "It was removed, or belongs to somebody else now.".into(),
        ProblemKind::State(problem) => explain_state(*problem, provider),
        ProblemKind::Callback(problem) => format!("It was not used: {problem}."),
        ProblemKind::Malformed(why) => format!("It was not used: {why}."),
        ProblemKind::Discovery(problem) => format!("That is because {problem}. Nothing was connected."),
        ProblemKind::Reported(error) => explain_reported(error, problem.target.as_deref()),
        ProblemKind::NoAnswer(reason) => {
            format!("{provider} {reason} when it was asked for the token; nothing was connected.")
        }
        ProblemKind::Choice(problem) => {
            format!("Asked what the access is for, {provider} {problem}. Nothing was connected.")
        }
        ProblemKind::Token(problem) => {
            format!("When it was asked for the token, {problem}. Nothing was connected.")
        }
        ProblemKind::MissingScopes(scopes) => format!(
            "These permissions were asked for and not granted: {}. Nothing was connected.",
            scopes.join(", ")
        ),
        ProblemKind::OtherAccount(Some(account)) => {
            format!("At {provider} you chose {account}. This link is for another account. Nothing was connected.")
        }
        ProblemKind::OtherAccount(None) => {
            format!("This link is for one account, and {provider} did not say which you chose. Nothing was connected.")
        }
        ProblemKind::DeadOnArrival(message) => format!("{message}. Nothing was connected."),
        ProblemKind::Contended => "It kept changing while your connection was being stored.".into(),
        ProblemKind::Unavailable => "Nothing was stored.".into(),
        ProblemKind::Internal => "Nothing was connected.".into(),
    }
}

/// What the person can do about an authorization server that was not found.
const fn advise_discovery(problem: &DiscoveryProblem) -> &'static str {
    match problem {
        DiscoveryProblem::NoAnswer { .. } => "Check the address, or try again in a moment.",
        DiscoveryProblem::Unapproved { .. } => "Ask the operator of this server, then try again.",
        DiscoveryProblem::NoClient { .. } | DiscoveryProblem::Unregistered { .. } => {
            "Enter the client ID below, then try again."
        }
        DiscoveryProblem::Unguarded { .. } => "Check the address, and try again.",
        DiscoveryProblem::OtherResource { .. }
        | DiscoveryProblem::NoServer { .. }
        | DiscoveryProblem::OtherIssuer { .. }
        | DiscoveryProblem::Unusable { .. }
        | DiscoveryProblem::NoPkce { .. } => "Check the address, or ask who runs that server.",
    }
}

/// What the person can do about it.
fn advice(problem: &InstallProblem) -> String {
    let provider = provider(problem);
    match &problem.kind {
        ProblemKind::Invalid(_) => "Correct the fields that are marked and send the form again.".into(),
        ProblemKind::Refused(_) => "Check that you copied all of it, and try again.".into(),
        ProblemKind::Discovery(problem) => advise_discovery(problem).into(),
        ProblemKind::NotConfigured => format!(
            "Its page shows to anybody who is signed in how an app is registered at {provider} and set: by an admin of \
             the organization, or by the operator of this server."
        ),
        ProblemKind::Link(_) | ProblemKind::RightsGone => {
            "Ask for a new link where you got this one, or sign in with an API key.".into()
        }
        ProblemKind::ProjectGone => "Ask the person who sent you here.".into(),
        ProblemKind::State(StateProblem::Posted) => {
            "Give the request id below to the operator of this server: the provider's file must not ask for \
             response_mode=form_post."
                .into()
        }
        ProblemKind::State(_) | ProblemKind::Callback(_) | ProblemKind::Malformed(_) => {
            "Go back to the page where you began, and connect again from there in this browser.".into()
        }
        ProblemKind::Reported(_) if problem.target.is_none() => {
            "If you have just come from a provider's page, go back to the page where you began, and connect again from \
             there in this browser. If not, close this page."
                .into()
        }
        ProblemKind::Reported(error) if error.is_denial() => {
            "If that was a mistake, connect again and choose to allow it.".into()
        }
        ProblemKind::Reported(_) | ProblemKind::Token(_) | ProblemKind::DeadOnArrival(_) => {
            "Try again. If it happens again, give the request id below to the operator of this server.".into()
        }
        ProblemKind::Choice(ChoiceProblem::Nothing) => format!(
            "Sign in at {provider} with an account that has one and may give access to it, and connect again."
        ),
        ProblemKind::MissingScopes(_) => {
            "Connect again and leave every permission ticked; you may need an administrator there.".into()
        }
        ProblemKind::OtherAccount(_) => {
            format!("Sign in at {provider} with the account that this was meant for, and connect again.")
        }
        ProblemKind::Unchecked(_)
        | ProblemKind::NoAnswer(_)
        | ProblemKind::Choice(_)
        | ProblemKind::Contended
        | ProblemKind::Unavailable => "Try again in a moment.".into(),
        ProblemKind::Internal => "Give the request id below to the operator of this server.".into(),
    }
}

/// The HTTP status of the page.
pub(super) fn status(problem: &InstallProblem) -> StatusCode {
    match &problem.kind {
        ProblemKind::Discovery(DiscoveryProblem::NoAnswer { .. }) => StatusCode::BAD_GATEWAY,
        ProblemKind::Invalid(_) | ProblemKind::Refused(_) | ProblemKind::Discovery(_) => {
            StatusCode::UNPROCESSABLE_ENTITY
        }
        ProblemKind::Link(LinkProblem::Expired | LinkProblem::Used | LinkProblem::Ended) => StatusCode::GONE,
        ProblemKind::Link(LinkProblem::Unknown) | ProblemKind::ProjectGone => StatusCode::NOT_FOUND,
        ProblemKind::Link(LinkProblem::Foreign)
        | ProblemKind::RightsGone
        | ProblemKind::MissingScopes(_)
        | ProblemKind::Choice(ChoiceProblem::Nothing)
        | ProblemKind::OtherAccount(_) => StatusCode::FORBIDDEN,
        ProblemKind::Reported(_) if problem.target.is_none() => StatusCode::BAD_REQUEST,
        ProblemKind::Reported(error) if error.is_denial() => StatusCode::FORBIDDEN,
        ProblemKind::State(StateProblem::Interrupted) => StatusCode::INTERNAL_SERVER_ERROR,
        ProblemKind::State(_) | ProblemKind::Callback(_) | ProblemKind::Malformed(_) => {
            StatusCode::BAD_REQUEST
        }
        ProblemKind::NotConfigured | ProblemKind::Contended => StatusCode::CONFLICT,
        ProblemKind::Unchecked(_)
        | ProblemKind::Reported(_)
        | ProblemKind::Token(_)
        | ProblemKind::NoAnswer(_)
        | ProblemKind::Choice(_)
        | ProblemKind::DeadOnArrival(_) => StatusCode::BAD_GATEWAY,
        ProblemKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ProblemKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What a provider reports. If it is not known where the report comes from, anybody may have written it, and the page
/// says so.
fn explain_reported(error: &ReportedError, target: Option<&InstallTarget>) -> String {
    let words = error.description.as_ref().map(|words| format!(", with the words “{words}”"));
    let words = words.unwrap_or_default();
    match target {
        Some(target) if error.is_denial() => {
            let provider = &target.account.provider.name;
            format!("{provider} says that the request was declined{words}. Nothing was connected.")
        }
        Some(_) => {
            format!("It ended the request with the error {}{words}. Nothing was connected.", error.code)
        }
        None => format!(
            "The address of this page reports the error {}{words}. It belongs to no connection that was started in this \
             browser, so it is not known who wrote it. Nothing was connected.",
            error.code
        ),
    }
}

/// The provider's name, or "The provider" if it is not known.
fn provider(problem: &InstallProblem) -> &str {
    problem.target.as_ref().map_or("The provider", |target| target.account.provider.name.as_str())
}

fn explain_link(problem: LinkProblem) -> &'static str {
    match problem {
        LinkProblem::Unknown => "This server never made it, or a part of it is missing.",
        LinkProblem::Expired => "Install links work for a short time only.",
        LinkProblem::Used => "An installation was finished with it, and each link works only once.",
        LinkProblem::Ended => "Who made it has ended it.",
        LinkProblem::Foreign => "It was made for something else than this page is for.",
    }
}

fn explain_state(problem: StateProblem, provider: &str) -> String {
    match problem {
        StateProblem::Unknown => {
            "This answer belongs to no connection that was started on this server, or a part of it is missing."
                .into()
        }
        StateProblem::Expired => format!("{provider} answered more than ten minutes after you began."),
        StateProblem::Used => "Each answer is valid once; loading this page again does not repeat it.".into(),
        StateProblem::OtherBrowser => {
            "For your safety, an answer is valid only in the browser in which the connection was started.".into()
        }
        StateProblem::Elsewhere => {
            format!("The answer of {provider} came from another browser than yours first. Nothing was connected.")
        }
        StateProblem::Posted => {
            "It sent its answer as a form, which this server does not take. Nothing was connected.".into()
        }
        StateProblem::Interrupted => {
            format!(
                "The server stopped before it had finished. Look at the page of {provider} whether it is connected."
            )
        }
    }
}
