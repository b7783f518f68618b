//! Revocations: the credentials of disconnected integrations that their providers are asked to revoke.
//!
//! A disconnection moves the credential here in its own transaction (`begin`). An attempt is claimed by moving `due_at`
//! into the future, which is a lease: whoever moved it tries, and what a late one found is not stored once another has
//! taken over (`attempt`). Whatever comes of it, the credential is destroyed at the end.

mod attempt;
mod begin;
mod live;
mod report;

pub use self::{
    attempt::{AttemptEnd, RevocationClaim},
    begin::{Moved, RevocationOrder},
    live::LiveAccount,
    report::{RevocationScope, RevocationTally, UnrevokedRow},
};
pub(super) use self::{
    begin::{begin, forget},
    live::project_of,
};
