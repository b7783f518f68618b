//! What is known of a call when it is decided on.

use std::collections::BTreeMap;

use integrations_core::{
    action::{Context, Money, Spending},
    ids::LeaseId,
};
use serde_json::{Map, Value};

use super::frozen::Frozen;

/// A call that is ready to be decided on.
#[derive(Debug, Default)]
pub(super) struct Ready {
    pub(super) input: Map<String, Value>,
    /// The input as it was asked for: without the amounts that were worked out, which are others the next time.
    pub(super) asked: Map<String, Value>,
    pub(super) context: Context,
    pub(super) money: BTreeMap<String, Money>,
    pub(super) evidence: Map<String, Value>,
    /// What it counts towards the totals of guards.
    pub(super) spending: Vec<Spending>,
    /// `None` if the call was denied before anything was read. It can only be denied then.
    pub(super) to_send: Option<ToSend>,
}

/// The request of a call.
#[derive(Debug)]
pub(super) struct ToSend {
    pub(super) frozen: Frozen,
    /// Who sends it, if it is sent now.
    pub(super) attempt: LeaseId,
}
