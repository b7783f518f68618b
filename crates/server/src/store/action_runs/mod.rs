//! Runs: calls of actions, from before anything is sent until it is known what came of them.
//!
//! A run that is sent has an attempt: whoever sends it alone may end it. If that one has died, the run's time passes,
//! and it becomes `unknown`. A late answer of the same attempt still counts then, and so does a look at the provider
//! (`look`).
//!
//! Limits over time are kept by reservations. A run makes them in the transaction that stores it, under the lock of its
//! integration, so two calls never take the same rest. What was not done gives them back.
//!
//! A run that waits for a person has an approval, at most one that is pending. `ask` stores it. `decide` is the only
//! way from there to being sent, and checks in that transaction who decides (`eligible`). `expire` only tidies up.
//! `notices` are the messages that tell people of it.
//!
//! A transaction that needs the integration locks it before its runs, runs before their approvals, and several runs in
//! the order of their ids.

mod approvals;
mod ask;
mod begin;
mod decide;
mod eligible;
mod expire;
mod finish;
mod look;
mod notices;
mod policy;
mod read;
mod tell;
mod totals;
mod undecided;

use integrations_core::{
    action::{Caller, DeniedBy, RunStatus},
    catalog::{ActionKind, ProviderRef},
    error::ErrorCode,
    ids::{ApprovalId, LeaseId, RunId},
};
use time::OffsetDateTime;

pub use self::{
    approvals::ApprovalFilter,
    decide::{Asked, Deciding, Standing, Verdict},
    look::{LookClaim, LookEnd},
    notices::{FailedNotice, NoticeClaim, NoticeEnd},
    read::RunFilter,
    undecided::DecideError,
};
use super::{NewAuditEvent, ReadError, RememberedAnswer, RunRow, StoreError};

/// A run to be stored.
#[derive(Clone, Debug)]
pub struct NewRun {
    /// Its id. The request was made with it.
    pub id: RunId,
    /// The provider that is called, with its alias.
    pub provider: ProviderRef,
    /// The action's key.
    pub action: String,
    /// What the action does to the data at the provider.
    pub kind: ActionKind,
    /// SHA-256 of what the provider's file says of the action.
    pub definition: [u8; 32],
    /// Who calls.
    pub actor: Caller,
    /// The request that asks for it.
    pub request_id: Option<String>,
    /// JSON object: for whom and why.
    pub context: Option<String>,
    /// JSON object: the input, with sensitive values redacted.
    pub input: String,
    /// SHA-256 of the canonical input, the action, the provider and the caller.
    pub input_hash: [u8; 32],
    /// JSON object: what was read before, for guards and approvers.
    pub evidence: String,
    /// The request and how to look for what it did, sealed by the vault. `None` if there is none to send.
    pub sealed_request: Option<Vec<u8>>,
    /// Seconds from an end as `unknown` until the provider can show what was done. `None`: there is nothing to look
    /// for.
    pub look_after: Option<u32>,
    /// When it was asked for.
    pub created_at: OffsetDateTime,
    /// If the same call was made since then, and may have been done, its run stands for this one, and nothing is
    /// stored. `None`: it is another call, even if it is the same.
    pub repeats_since: Option<OffsetDateTime>,
}

/// A total over time that a guard looks at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TotalQuery {
    /// Its name, one for each guard of the action.
    pub total: String,
    /// What it is kept for, such as a charge's id.
    pub subject: String,
    /// The currency that it is in (ISO 4217). `None`: calls are counted.
    pub currency: Option<String>,
    /// When its window began.
    pub since: OffsetDateTime,
}

/// What is reserved towards a total, without the run that is decided on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// All of it. More than a number can hold is the largest number.
    pub reserved: i64,
    /// What of it only waits for a person, by run.
    pub waiting: Vec<(String, i64)>,
}

/// What is known of earlier calls when one is decided on.
#[derive(Clone, Debug, Default)]
pub struct EarlierCalls {
    /// The totals that were asked for, in their order.
    pub totals: Vec<Total>,
    /// The same call of the same caller, if a person is asked about it, or has denied it a short time ago.
    pub same: Option<RunRow>,
}

/// What a run counts towards a total from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reservation {
    /// The total's name. A run counts once towards each.
    pub total: String,
    /// What the total is kept for.
    pub subject: String,
    /// The currency of the amount (ISO 4217). `None`: calls are counted.
    pub currency: Option<String>,
    /// In the currency's smallest unit. 1 if calls are counted.
    pub amount: i64,
}

/// How a run begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Start {
    /// It is sent now.
    Sending {
        /// Who sends it: a new id for each attempt.
        attempt: LeaseId,
        /// When it counts as abandoned.
        until: OffsetDateTime,
    },
    /// A person is asked, and may take as long as the project's policy says.
    PendingApproval {
        /// The approval.
        approval: ApprovalId,
    },
    /// A person is asked already about the same call, which is the result. Nothing new is stored.
    Waiting(Box<RunRow>),
    /// It is not sent. This is its end.
    Denied {
        /// What denied it.
        by: DeniedBy,
        /// What the caller is told.
        error: RunFailure,
    },
}

/// What `decide` makes of a call.
#[derive(Clone, Debug)]
pub struct Begun {
    /// How the run begins.
    pub start: Start,
    /// JSON array: why a person is asked or the call is denied.
    pub reasons: Option<String>,
    /// What it counts towards which totals. Nothing if it is denied.
    pub reservations: Vec<Reservation>,
    /// The answer to the request that asks for it, if that one has an `Idempotency-Key`.
    pub remembered: Option<RememberedAnswer>,
    /// The event that is recorded with it.
    pub event: Option<NewAuditEvent>,
}

/// Why a run was not done, or why nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunFailure {
    /// For programs.
    pub code: ErrorCode,
    /// For people.
    pub message: String,
}

/// How a run ends that was sent.
#[derive(Clone, Debug)]
pub struct RunEnd {
    /// `succeeded`, `accepted`, `failed` or `unknown`.
    pub status: RunStatus,
    /// The status of the provider's answer, if one came.
    pub provider_status: Option<u16>,
    /// JSON value: what the action gave.
    pub result: Option<String>,
    /// Why it was not done, or why nobody knows.
    pub error: Option<RunFailure>,
    /// When.
    pub at: OffsetDateTime,
}

/// A run was not stored.
#[derive(Debug, thiserror::Error)]
pub enum BeginRunError<E> {
    /// The integration could not be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is not installed.
    #[error("not installed")]
    NotInstalled,
    /// `decide` failed.
    #[error("refused")]
    Refused(E),
    /// This many calls of the caller wait for a person in the project already.
    #[error("{0} calls of this caller wait for a person already")]
    TooManyWaiting(u64),
    /// The database did not store it.
    #[error(transparent)]
    Store(#[from] StoreError),
}
