//! Takes back what waits for a person.

use integrations_core::{audit::Acting, ids::RunId, principal::Principal};

use super::Actions;
use crate::{
    jobs::expired,
    store::{RunRow, StoreError, Tenant},
};

impl Actions {
    /// Takes back a call that waits for a person. It ends as expired, and nothing is sent. What a person decided stays
    /// as it is, and so does what somebody else asked for.
    pub async fn withdraw(
        &self,
        tenant: &Tenant,
        run: RunId,
        by: Principal,
        request_id: Option<String>,
    ) -> Result<(), StoreError> {
        let acting = Acting { actor: by.into(), request_id };
        let event = |tenant: &Tenant, run: &RunRow| expired(&self.environment, tenant, run, acting.clone());
        self.store.withdraw_run(tenant, run, by, self.environment.now(), event).await
    }
}
