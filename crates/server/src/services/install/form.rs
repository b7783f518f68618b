//! Installs with a form: an API key or a webhook URL, which the provider must accept before anything is stored.

use std::sync::Arc;

use integrations_core::catalog::ProviderAccount;
use serde_json::{Map, Value};

use super::{
    Installer, Installing,
    finish::Acquired,
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, ProblemKind},
    report::logged,
};
use crate::token::TokenHash;

impl Installer {
    /// Installs what a person typed into the provider's form.
    ///
    /// The values are read as they were pasted and compared with what the provider's file expects, then tried by its
    /// health probe. They are not stored if the provider refuses them or cannot be reached.
    pub async fn submit(
        self: &Arc<Self>,
        who: &Installing,
        account: &ProviderAccount,
        connection: Map<String, Value>,
        credential: Map<String, Value>,
        browser: &str,
    ) -> Result<InstallOutcome, InstallProblem> {
        let target = InstallTarget { project: who.tenant.project, account: account.clone() };
        let (installer, who, browser) = (Arc::clone(self), who.clone(), browser.to_owned());
        self.to_the_end(async move {
            let outcome = installer.try_out(&who, &target, connection, credential, &browser).await;
            outcome.map_err(|kind| logged(InstallProblem::at(&target, kind), &who.request_id))
        })
        .await
    }

    async fn try_out(
        &self,
        who: &Installing,
        target: &InstallTarget,
        connection: Map<String, Value>,
        credential: Map<String, Value>,
        browser: &str,
    ) -> Result<InstallOutcome, ProblemKind> {
        self.check_standing(&who.tenant, who.by).await?;
        let provider = &target.account.provider;
        if provider.oauth().is_some() {
            // Tokens come from the provider itself, never from a form.
            return Err(ProblemKind::Internal);
        }
        let (connection, credential) =
            provider.read_input(connection, credential).map_err(ProblemKind::Invalid)?;
        let findings = self.prober.probe(provider, &connection, &credential, None).await;
        let acquired = Acquired::typed(connection, credential, findings, self.environment.now())?;
        self.finish(who, target, &acquired, TokenHash::of(browser)).await
    }
}
