//! Revoking access at a provider: how far it is, what it reaches, and when it is tried again.

use time::{Duration, OffsetDateTime};

use crate::{
    audit::{self, Change},
    words::words,
};

/// For how long what did not work is tried again.
pub const TRIED_FOR: Duration = Duration::hours(24);
/// The pause before the next attempt is as long as it has been tried so far, within these two.
const SHORTEST_PAUSE: Duration = Duration::seconds(5);
const LONGEST_PAUSE: Duration = Duration::hours(1);

words! {
    /// How far revoking is.
    pub enum RevocationStatus {
        /// It is not proven yet that the provider refuses the credential: it is tried again, or an access token lives
        /// on until it expires.
        Pending = "pending",
        /// The provider refused the credential when it was shown to it afterwards.
        Revoked = "revoked",
        /// No request of this server can revoke it, or only one that would end other connections too.
        Unsupported = "unsupported",
        /// It was tried for a day, and the provider still takes the credential or does not say.
        Failed = "failed",
    }
}

words! {
    /// What a request to revoke ends.
    pub enum Reaches {
        /// The tokens of this connection.
        Token = "token",
        /// Everything that the app may do for the account.
        Grant = "grant",
    }
}

/// When to try again what began to be tried at `since` and has not worked by `now`. The provider may have asked for a
/// longer pause. `None`: it is given up.
pub fn next_attempt(
    since: OffsetDateTime,
    now: OffsetDateTime,
    asked: Option<std::time::Duration>,
) -> Option<OffsetDateTime> {
    let pause = (now - since).clamp(SHORTEST_PAUSE, LONGEST_PAUSE);
    let asked = asked.and_then(|asked| Duration::try_from(asked).ok()).unwrap_or_default();
    let end = since + TRIED_FOR;
    (now < end).then(|| (now + pause.max(asked)).min(end))
}

/// What the event of the end of a revocation has as its changes.
pub fn changes_of_revocation(
    to: RevocationStatus,
    reaches: Option<Reaches>,
    message: Option<&str>,
) -> Vec<Change> {
    let before = (to != RevocationStatus::Unsupported).then_some(RevocationStatus::Pending.as_str());
    [
        audit::change("revocation", before, to.as_str()),
        audit::change("reaches", None::<&str>, reaches.map(Reaches::as_str)),
        audit::change("message", None::<&str>, message),
    ]
    .into_iter()
    .flatten()
    .collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const SINCE: OffsetDateTime = datetime!(2026-03-01 10:00 UTC);

    fn pause_after(tried_for: Duration, asked: Option<u64>) -> Option<Duration> {
        let now = SINCE + tried_for;
        next_attempt(SINCE, now, asked.map(std::time::Duration::from_secs)).map(|at| at - now)
    }

    #[test]
    fn pauses_grow_and_end_after_a_day() {
        for (tried_for, pause) in [
            (Duration::ZERO, Some(Duration::seconds(5))),
            (Duration::seconds(20), Some(Duration::seconds(20))),
            (Duration::hours(5), Some(Duration::hours(1))),
            // The last attempt is made when the day is over.
            (Duration::minutes(23 * 60 + 50), Some(Duration::minutes(10))),
            (Duration::hours(24), None),
            (Duration::hours(30), None),
        ] {
            assert_eq!(pause_after(tried_for, None), pause, "{tried_for}");
        }
    }

    #[test]
    fn a_provider_that_asks_for_a_pause_gets_it_within_the_day() {
        assert_eq!(pause_after(Duration::ZERO, Some(600)), Some(Duration::minutes(10)));
        assert_eq!(pause_after(Duration::hours(1), Some(1)), Some(Duration::hours(1)));
        assert_eq!(pause_after(Duration::hours(2), Some(u64::MAX)), Some(Duration::hours(1)));
        assert_eq!(pause_after(Duration::ZERO, Some(7 * 86_400)), Some(Duration::hours(24)));
    }

    #[test]
    fn an_event_says_what_was_ended_and_why_not() {
        let paths = |changes: Vec<Change>| changes.into_iter().map(|change| change.path).collect::<Vec<_>>();
        let revoked = changes_of_revocation(RevocationStatus::Revoked, Some(Reaches::Grant), None);
        assert_eq!(paths(revoked), ["revocation", "reaches"]);
        let unsupported = changes_of_revocation(RevocationStatus::Unsupported, None, Some("No way"));
        assert_eq!((&unsupported[0].from, &unsupported[0].to), (&().into(), &"unsupported".into()));
        assert_eq!(paths(unsupported), ["revocation", "message"]);
    }
}
