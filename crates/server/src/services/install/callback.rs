//! The redirect back from a provider.
//!
//! Whoever sees its address can send it. So an arrival uses its `state` up before anything else is looked at, and how
//! it ended is stored and shown at an address without `state` and code (RFC 9700, section 4.2.4).

use std::{iter, sync::Arc};

use integrations_core::{
    catalog::AuthKind,
    ids::PendingInstallId,
    oauth::{AuthorizationResponse, CallbackProblem, kept_of_redirect, verify_callback, verify_issuer},
};
use secrecy::ExposeSecret as _;

use super::{
    Installer, Installing,
    choose::Granted,
    ended::Ended,
    handshake::Started,
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, ProblemKind, StateProblem},
    report::logged,
    step_life::STEP_LIFE,
};
use crate::{
    store::{PendingInstall, PendingStatus},
    token::TokenHash,
    vault::Purpose,
};

/// A redirect back, as it came. It holds secrets, so it has no `Debug`.
pub struct Arrival {
    /// The unchanged query, without `?`.
    pub query: String,
    /// The browser's cookie.
    pub browser: Option<String>,
    /// Whether it came as a form, and not as an address.
    pub is_form: bool,
    /// Whether it came to the address of clients that connections have for themselves.
    pub is_own: bool,
    /// The request.
    pub request_id: String,
}

/// What came of a redirect back.
#[derive(Debug)]
pub struct Arrived {
    /// The installation in progress, which stays known for a day.
    pub install: PendingInstallId,
    /// Whether the person opened an install link.
    pub is_by_link: bool,
    /// Whether they go back to the product that made it.
    pub goes_back: bool,
    /// The result.
    pub outcome: InstallOutcome,
}

/// The installation of a state.
struct Redeemed {
    install: PendingInstall,
    /// Whether this arrival used the state up. `false`: another one did before.
    is_first: bool,
}

impl Installer {
    /// Handles a redirect back from a provider, to the end even if the client goes away: its code works once.
    pub async fn callback(self: &Arc<Self>, arrival: Arrival) -> Result<Arrived, InstallProblem> {
        let installer = Arc::clone(self);
        self.to_the_end(async move { installer.arrive(&arrival).await }).await
    }

    async fn arrive(&self, arrival: &Arrival) -> Result<Arrived, InstallProblem> {
        let response = AuthorizationResponse::read(&arrival.query);
        let logged = |problem| logged(problem, &arrival.request_id);
        let redeemed = self.redeem(&response).await;
        let mut redeemed = redeemed.map_err(|kind| logged(InstallProblem::nowhere(kind)))?.into_iter();
        let Some(first) = redeemed.next() else {
            let kind = response.reported().map_or(StateProblem::Unknown.into(), ProblemKind::Reported);
            return Err(logged(InstallProblem::nowhere(kind)));
        };
        let outcome = self.go_on(&first, &response, arrival).await;
        let outcome = outcome.map_err(|problem| problem.of(first.install.id));
        let ended = Ended::of(&outcome, &arrival.request_id);
        let (install, is_by_link) = (first.install.id, first.install.link.is_some());
        let goes_back = self.way_back(first.install.link).await;
        // An address with several states is refused, and all of them have ended.
        for used_up in iter::once(first).chain(redeemed).filter(|redeemed| redeemed.is_first) {
            self.conclude(&used_up.install, &ended).await;
        }
        let goes_back = goes_back.is_ok_and(|way| way.is_some());
        outcome.map(|outcome| Arrived { install, is_by_link, goes_back, outcome }).map_err(logged)
    }

    /// Uses up every state that a response reveals. Returns the installations of those that are known.
    async fn redeem(&self, response: &AuthorizationResponse) -> Result<Vec<Redeemed>, ProblemKind> {
        let mut redeemed = Vec::new();
        for state in response.states() {
            let Some(install) = self.store.pending_install(TokenHash::of(state)).await? else { continue };
            let until = self.environment.now() + STEP_LIFE;
            let is_first = self.store.take_pending_install(install.id, PendingStatus::Started, until).await?;
            redeemed.push(Redeemed { install, is_first });
        }
        Ok(redeemed)
    }

    async fn go_on(
        &self,
        Redeemed { install, is_first }: &Redeemed,
        response: &AuthorizationResponse,
        arrival: &Arrival,
    ) -> Result<InstallOutcome, InstallProblem> {
        let target = self.target(install)?;
        let is_here = arrival.browser.as_deref().map(TokenHash::of) == Some(install.browser);
        let refused = match (arrival.is_form, is_here, is_first) {
            (true, _, _) => Some(StateProblem::Posted),
            (false, false, _) => Some(StateProblem::OtherBrowser),
            (false, true, false) => Some(StateProblem::Used),
            (false, true, true) => None,
        };
        if let Some(problem) = refused {
            return Err(InstallProblem::at(&target, problem));
        }
        let outcome = self.resume(install, &target, response, arrival).await;
        outcome.map_err(|kind| InstallProblem::at(&target, kind))
    }

    async fn resume(
        &self,
        install: &PendingInstall,
        target: &InstallTarget,
        response: &AuthorizationResponse,
        arrival: &Arrival,
    ) -> Result<InstallOutcome, ProblemKind> {
        if install.expires_at <= self.environment.now() {
            return Err(StateProblem::Expired.into());
        }
        let started: Started = self.open(&install.sealed, Purpose::PendingInstall(install))?;
        let target = &target.by(started.auth.unwrap_or(AuthKind::OAuth))?;
        let provider = &target.account.provider;
        let oauth = provider.oauth().ok_or(ProblemKind::Internal)?;
        if oauth.own_client.is_some() != arrival.is_own {
            return Err(CallbackProblem::OtherAddress.into());
        }
        // Before an error is told, too: it may be another server's (RFC 9207, section 2.4).
        verify_issuer(provider, &started.connection, &started.credential, response.issuer())?;
        let code = response.code(&oauth.code_param)?;
        let app =
            self.apps.client(&install.tenant, provider, &started.connection, &started.credential).await?;
        let app = app.filter(|app| oauth.suits(&app.fields)).ok_or(ProblemKind::NotConfigured)?;
        let secret = app.client_secret.expose_secret().as_bytes();
        verify_callback(provider, &started.connection, &arrival.query, secret)?;
        let kept = kept_of_redirect(oauth, response).map_err(ProblemKind::Malformed)?;
        self.check_standing(&install.tenant, install.by).await?;
        if let Some(link) = install.link {
            self.check_link(link).await?;
        }
        let mut grant = self.exchange(provider, oauth, &started, &app, code.to_owned()).await?;
        grant.credential.extend(kept);
        let oauth = app.oauth(oauth);
        let missing = grant.missing_scopes(&oauth);
        // Of a server that was found out, nobody knows which of its scopes are needed: the check tells.
        if !missing.is_empty() && oauth.discovery.is_none() {
            return Err(ProblemKind::MissingScopes(missing.into_iter().map(str::to_owned).collect()));
        }
        let who = Installing::on_with(install, &arrival.request_id);
        let granted = Granted { connection: started.connection, grant };
        self.go_on_with(&who, target, granted, install.browser).await
    }
}
