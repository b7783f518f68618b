//! What is sealed of a call before anything is sent: the request as it will be sent, and what the decision on it looks
//! at.

use std::collections::BTreeMap;

use integrations_core::action::{Money, RenderedRequest};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Actions, CallError, ready::Ready};
use crate::{
    store::SealedRequest,
    vault::{Purpose, VaultError},
};

/// A call as it was when it was decided on. `Debug` is left out, because it may hold what is sensitive.
#[derive(Serialize, Deserialize)]
pub(super) struct Frozen {
    /// The request. What is approved is what is sent.
    pub(super) request: RenderedRequest,
    /// The input, with its defaults.
    input: Map<String, Value>,
    /// The amounts by input: the number of smallest units, and the currency's code.
    money: BTreeMap<String, (i64, String)>,
}

impl Frozen {
    /// A call that is ready. `None`: it has no request.
    pub(super) fn of(ready: &Ready) -> Option<Self> {
        let request = ready.to_send.as_ref()?.request.clone();
        let written = |(name, money): (&String, &Money)| {
            (name.clone(), (money.minor, money.currency.code().to_owned()))
        };
        Some(Self { request, input: ready.input.clone(), money: ready.money.iter().map(written).collect() })
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
