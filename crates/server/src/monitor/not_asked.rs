//! Why a check did not ask the provider.

use integrations_core::{
    catalog::Provider,
    health::{self, Verdict},
};
use time::{OffsetDateTime, UtcOffset, macros::format_description};

/// Why nobody was asked, or nothing came of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotAsked {
    /// Nothing is due, or the host has its maximum of probes in flight. A requested check asks all the same.
    NotDue,
    /// The provider asked for no calls before this time.
    Limited(OffsetDateTime),
    /// The stored credential cannot be opened, which makes the status `error`.
    Sealed,
    /// The provider has no request that tells whether a credential works.
    NoProbe,
    /// The operator does not approve the host any more, which makes the status `error`.
    Unapproved,
    /// Another check holds the lease, and did not give it back.
    Leased,
    /// The lease passed to another owner, the credential was replaced, or the database did not answer.
    Lost,
}

impl NotAsked {
    /// What happened, what it means, and what to do; for an integration with this provider.
    pub fn words(self, provider: &Provider) -> String {
        let name = &provider.name;
        let stopped =
            |verdict: &Verdict| format!("{name} was not asked. {}.", verdict.message().unwrap_or_default());
        let (why, advice) = match self {
            Self::Sealed => return stopped(&health::sealed()),
            Self::NoProbe => {
                let why = provider.probe.why_none().unwrap_or_default();
                return format!("{name} was not asked, so its health stays unknown. {why}");
            }
            Self::Unapproved => return stopped(&health::unapproved(provider)),
            Self::NotDue => ("nothing is due".to_owned(), "Try again in a moment."),
            Self::Limited(until) => (
                format!("it asked for no calls before {}", written(until)),
                "The next check is made by itself after that.",
            ),
            Self::Leased => ("another check is under way".to_owned(), "Look again in a moment."),
            Self::Lost => {
                let why = "the integration was changed meanwhile, or the database did not answer";
                return format!("Nothing came of the check: {why}. Try again.");
            }
        };
        format!("{name} was not asked: {why}. The state is that of an earlier check. {advice}")
    }
}

fn written(time: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day] [hour]:[minute]:[second] UTC");
    time.to_offset(UtcOffset::UTC).format(form).unwrap_or_default()
}
