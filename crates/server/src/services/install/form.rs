//! Installs with a form: an API key or a webhook URL, which the provider must accept before anything is stored.

use std::sync::Arc;

use integrations_core::{
    catalog::{FetchedToken, Provider, ProviderAccount},
    health::{Verdict, refused},
    oauth::Grant,
};
use serde_json::{Map, Value};

use super::{
    Installer, Installing,
    finish::Acquired,
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, ProblemKind},
    report::logged,
};
use crate::{
    provider::token_issuer::{NotIssued, TokenIssuer},
    token::TokenHash,
};

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
        let now = || self.environment.now();
        let acquired = match provider.fetched() {
            Some(fetched) => {
                let grant = self.fetch(provider, fetched, &connection, &credential).await?;
                let (credential, answer) = (&grant.credential, &grant.answer);
                let findings = self.prober.probe_granted(provider, &connection, credential, answer).await;
                if fetched.calls().is_none() {
                    check_signed(&findings.verdict)?;
                }
                Acquired::granted(grant, connection, findings, now())?
            }
            None => {
                let findings = self.prober.probe(provider, &connection, &credential, None).await;
                Acquired::typed(connection, credential, findings, now())?
            }
        };
        self.finish(who, target, &acquired, TokenHash::of(browser)).await
    }

    /// Gets a token with what a person typed.
    async fn fetch(
        &self,
        provider: &Provider,
        fetched: &FetchedToken,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Result<Grant, ProblemKind> {
        let issuer = TokenIssuer::of(provider, connection, credential).ok_or(ProblemKind::Internal)?;
        let issued = issuer.fetch(&self.outbound, &self.environment).await.map_err(|error| match error {
            NotIssued::Key(issue) => ProblemKind::Invalid(vec![issue]),
            NotIssued::NoAnswer(reason) => reason.into(),
            NotIssued::Call(error) => {
                let provider = &provider.key;
                tracing::error!(%provider, %error, "a request for a token cannot be made: check the provider's file");
                ProblemKind::Internal
            }
        })?;
        let cut_off = issued.answer().and_then(|answer| answer.cut_off);
        issuer.read(&issued, self.environment.now()).map_err(|problem| match cut_off {
            Some(reason) => ProblemKind::NoAnswer(reason),
            None if problem.is_dead(&fetched.rules) => ProblemKind::Refused(refused(provider, &problem)),
            None => problem.into(),
        })
    }
}

/// Checks a token that no provider has issued: only one that the provider accepts is taken.
fn check_signed(verdict: &Verdict) -> Result<(), ProblemKind> {
    match verdict.clone() {
        Verdict::Well | Verdict::Unasked => Ok(()),
        Verdict::Degraded { message } => Err(ProblemKind::Unchecked(message)),
        Verdict::Dead { message } => Err(ProblemKind::Refused(message)),
    }
}
