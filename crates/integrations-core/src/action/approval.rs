//! The states of an approval, which asks a person about one run.

use crate::words::words;

words! {
    /// Where an approval is.
    pub enum ApprovalStatus {
        /// Nobody has decided.
        Pending = "pending",
        /// Somebody approved it. What came of it is in the run.
        Approved = "approved",
        /// Somebody denied it. Nothing was sent.
        Denied = "denied",
        /// Nobody decided in time, or what was asked no longer holds. Nothing was sent.
        Expired = "expired",
    }
}

words! {
    /// Who may approve the calls of a project's actions.
    pub enum Deciders {
        /// Signed-in people whose role allows it.
        People = "people",
        /// Also API keys with `approvals:admin`.
        PeopleAndKeys = "people_and_keys",
    }
}
