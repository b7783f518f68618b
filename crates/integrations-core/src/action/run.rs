//! The states of a run, which is one call of an action.

use crate::words::words;

words! {
    /// Where a run is.
    pub enum RunStatus {
        /// It is stored, and nothing is decided.
        Requested = "requested",
        /// A person is asked.
        PendingApproval = "pending_approval",
        /// Its request is being sent, and may have reached the provider.
        Sending = "sending",
        /// It was done.
        Succeeded = "succeeded",
        /// The provider has taken it, and has not finished it.
        Accepted = "accepted",
        /// It was not done.
        Failed = "failed",
        /// It may have been done.
        Unknown = "unknown",
        /// It was not allowed. Nothing was sent.
        Denied = "denied",
        /// Nobody decided in time, or what was asked no longer holds. Nothing was sent.
        Expired = "expired",
    }
}

/// A change of status that there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Transition {
    from: RunStatus,
    to: RunStatus,
}

impl Transition {
    /// The change between two statuses. `None`: there is none.
    ///
    /// What is over stays as it is, but for `unknown`: an answer that comes late, or a look at the provider, may say
    /// what came of it.
    pub const fn new(from: RunStatus, to: RunStatus) -> Option<Self> {
        use RunStatus::{
            Accepted, Denied, Expired, Failed, PendingApproval, Requested, Sending, Succeeded, Unknown,
        };
        match (from, to) {
            (Requested, PendingApproval | Sending | Denied)
            | (PendingApproval, Sending | Denied | Expired)
            | (Sending, Succeeded | Accepted | Failed | Unknown)
            | (Unknown, Succeeded | Accepted | Failed) => Some(Self { from, to }),
            _ => None,
        }
    }

    /// The status before.
    pub const fn from(self) -> RunStatus {
        self.from
    }

    /// The status after.
    pub const fn to(self) -> RunStatus {
        self.to
    }
}

impl RunStatus {
    /// Whether what the run may spend counts against limits: it was spent, or it may yet be, or it may have been.
    pub const fn is_reserved(self) -> bool {
        !matches!(self, Self::Failed | Self::Denied | Self::Expired)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(from: RunStatus) -> Vec<RunStatus> {
        RunStatus::ALL.into_iter().filter(|to| Transition::new(from, *to).is_some()).collect()
    }

    #[test]
    fn nothing_is_sent_but_from_a_request_or_an_approval() {
        let before: Vec<RunStatus> = RunStatus::ALL
            .into_iter()
            .filter(|from| Transition::new(*from, RunStatus::Sending).is_some())
            .collect();
        assert_eq!(before, [RunStatus::Requested, RunStatus::PendingApproval]);
    }

    #[test]
    fn what_is_over_stays_over_unless_it_is_unknown() {
        use RunStatus::{Accepted, Denied, Expired, Failed, Succeeded, Unknown};
        for over in [Succeeded, Accepted, Failed, Denied, Expired] {
            assert!(next(over).is_empty(), "{over}");
        }
        assert_eq!(next(Unknown), [Succeeded, Accepted, Failed]);
    }

    #[test]
    fn what_was_sent_is_neither_denied_nor_expired() {
        use RunStatus::{Accepted, Failed, Succeeded, Unknown};
        assert_eq!(next(RunStatus::Sending), [Succeeded, Accepted, Failed, Unknown]);
    }

    #[test]
    fn only_the_word_that_nothing_was_done_gives_back() {
        let given_back: Vec<&str> = RunStatus::ALL
            .into_iter()
            .filter(|status| !status.is_reserved())
            .map(RunStatus::as_str)
            .collect();
        assert_eq!(given_back, ["failed", "denied", "expired"]);
    }
}
