//! Puts the actions of providers to work, as far as that needs no request: reads the input, writes the requests, reads
//! the answers, and decides. What an action is, is described in `crate::catalog`.

mod denied_by;
mod run;

pub use denied_by::DeniedBy;
pub use run::{RunStatus, Transition};
