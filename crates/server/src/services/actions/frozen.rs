//! What is sealed of a call before anything is sent: the request as it will be sent, what the decision on it looks
//! at, and how to look for what came of it.

use std::{collections::BTreeMap, fmt};

use integrations_core::action::{Look, Money, RenderedRequest};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Actions, CallError};
use crate::{
    store::SealedRequest,
    vault::{Purpose, VaultError},
};

/// A call as it was when it was decided on. Nothing of it is written anew later.
#[derive(Serialize, Deserialize)]
pub(super) struct Frozen {
    /// The request of the action. What is approved is what is sent.
    pub(super) request: RenderedRequest,
    /// The input, with its defaults.
    input: Map<String, Value>,
    /// The amounts by input: the number of smallest units, and the currency's code.
    money: BTreeMap<String, (i64, String)>,
    /// How to look for what it did if no answer comes. `None`: there is nothing to look for.
    pub(super) look: Option<Look>,
    /// The connection that it is written for, as it is stored.
    pub(super) connection: String,
}

/// Shows nothing of it: an input may be sensitive.
impl fmt::Debug for Frozen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Frozen").finish_non_exhaustive()
    }
}

impl Frozen {
    /// A call that is ready.
    pub(super) fn new(
        request: RenderedRequest,
        input: &Map<String, Value>,
        money: &BTreeMap<String, Money>,
        look: Option<Look>,
        connection: String,
    ) -> Self {
        let written = |(name, money): (&String, &Money)| {
            (name.clone(), (money.minor, money.currency.code().to_owned()))
        };
        Self { request, input: input.clone(), money: money.iter().map(written).collect(), look, connection }
    }

    /// The input.
    pub(super) const fn input(&self) -> &Map<String, Value> {
        &self.input
    }

    /// The amounts. `None`: one of them is none.
    pub(super) fn money(&self) -> Option<BTreeMap<String, Money>> {
        let read = |(name, (minor, code)): (&String, &(i64, String))| {
            Some((name.clone(), Money::new(*minor, code.parse().ok()?)?))
        };
        self.money.iter().map(read).collect()
    }
}

impl Actions {
    /// Opens what was sealed of a run. A byte of it that was changed, or its row that was, does not open.
    pub(super) fn open_frozen(&self, request: &SealedRequest) -> Result<Frozen, CallError> {
        let purpose = Purpose::ActionRequest {
            run: request.run,
            project: request.project,
            integration: request.integration,
            provider: &request.provider,
            action: &request.action,
        };
        let opened = self.vault.open(&request.sealed, purpose)?;
        serde_json::from_slice(opened.expose_secret()).map_err(|_| CallError::Vault(VaultError::Damaged))
    }
}
