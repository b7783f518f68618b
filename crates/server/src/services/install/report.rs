//! Writes failed installations to the log: one warning each, with what an operator needs and nothing secret.

use integrations_core::oauth::TokenProblem;

use super::problem::{InstallProblem, LinkProblem, ProblemKind, StateProblem};

/// Writes the warning, and returns the problem. It is no failure if a person can mend a form that is on the screen, or
/// comes back to what has ended.
///
/// Texts are values of fields, which the log quotes: none can begin a line or look like another field.
pub(super) fn logged(problem: InstallProblem, request_id: &str) -> InstallProblem {
    if matches!(problem.kind, ProblemKind::Invalid(_) | ProblemKind::State(StateProblem::Used)) {
        return problem;
    }
    let (step, code, description) = in_fields(&problem.kind);
    tracing::warn!(
        provider = problem.target.as_ref().map(|target| target.account.as_str()),
        project = problem.target.as_ref().map(|target| tracing::field::display(target.project)),
        step,
        code,
        description,
        request_id,
        "an installation failed"
    );
    problem
}

/// The step that failed, a code, and a description if there is more to say.
fn in_fields(kind: &ProblemKind) -> (&'static str, &str, Option<String>) {
    match kind {
        ProblemKind::Invalid(_) => ("form", "invalid", None),
        ProblemKind::Refused(message) => ("probe", "refused", Some(message.clone())),
        ProblemKind::Unchecked(message) => ("probe", "unchecked", Some(message.clone())),
        ProblemKind::DeadOnArrival(message) => ("probe", "dead_on_arrival", Some(message.clone())),
        ProblemKind::NotConfigured => ("begin", "not_configured", None),
        ProblemKind::Link(problem) => ("link", of_link(*problem), None),
        ProblemKind::RightsGone => ("permission", "rights_gone", None),
        ProblemKind::ProjectGone => ("permission", "project_gone", None),
        ProblemKind::State(problem) => ("state", of_state(*problem), None),
        ProblemKind::Callback(problem) => ("callback", "not_genuine", Some(problem.to_string())),
        ProblemKind::Malformed(why) => ("callback", "malformed", Some(why.clone())),
        ProblemKind::Reported(error) => ("authorization", &error.code, error.description.clone()),
        ProblemKind::NoAnswer(reason) => ("token", "no_answer", Some(reason.to_string())),
        ProblemKind::Token(TokenProblem::Refused { code, description }) => {
            ("token", code, description.clone())
        }
        ProblemKind::Token(problem) => ("token", "unusable_answer", Some(problem.to_string())),
        ProblemKind::Discovery(problem) => ("discovery", "not_found", Some(problem.to_string())),
        ProblemKind::Choice(problem) => ("choice", "nothing_to_choose", Some(problem.to_string())),
        ProblemKind::MissingScopes(scopes) => ("scopes", "missing_scopes", Some(scopes.join(" "))),
        ProblemKind::OtherAccount(account) => ("account", "account_mismatch", account.clone()),
        ProblemKind::Contended => ("store", "contended", None),
        ProblemKind::Unavailable => ("store", "unavailable", None),
        ProblemKind::Internal => ("server", "internal", None),
    }
}

fn of_link(problem: LinkProblem) -> &'static str {
    match problem {
        LinkProblem::Unknown => "link_unknown",
        LinkProblem::Expired => "link_expired",
        LinkProblem::Used => "link_used",
        LinkProblem::Foreign => "link_foreign",
        LinkProblem::Ended => "link_ended",
    }
}

fn of_state(problem: StateProblem) -> &'static str {
    match problem {
        StateProblem::Unknown => "state_unknown",
        StateProblem::Expired => "state_expired",
        StateProblem::Used => "state_used",
        StateProblem::OtherBrowser => "other_browser",
        StateProblem::Elsewhere => "used_in_another_browser",
        StateProblem::Posted => "posted",
        StateProblem::Interrupted => "interrupted",
    }
}
