//! Installing: install links, the OAuth handshake, forms and imports.
//!
//! Every installation in a browser ends in `finish`: the credential is tried at the provider, the account is compared
//! with the old one, and everything is stored with its audit event in one transaction.

mod app_check;
mod callback;
mod choose;
mod ended;
mod finish;
mod form;
mod handshake;
pub mod import;
pub(in crate::services) mod installation;
mod links;
mod outcome;
mod problem;
mod report;
mod step_life;
mod sweep;
mod way_back;
mod ways;

use std::{future::Future, sync::Arc, time::Duration};

use integrations_core::{
    audit::Acting,
    catalog::{Catalog, Provider},
    ids::InstallLinkId,
    principal::Principal,
    scope::RequiredScope,
};
use tokio::sync::watch;
use tracing::Instrument as _;
use url::Url;

use self::installation::InstallationBuilder;
pub use self::{
    app_check::{AppCheckError, AppVerdict},
    callback::{Arrival, Arrived},
    ended::{InstallState, Standing},
    handshake::{CALLBACK, CLIENT_DOCUMENT, OWN_CALLBACK, Typed},
    links::{CreateLinkError, LinkPage, MadeLink, NewLink, OpenLink},
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, LinkProblem, ProblemKind, StateProblem},
    sweep::InstallSweep,
    way_back::{Return, WayBack},
    ways::{Offer, OfferedWay, Wish},
};
use crate::{
    environment::Environment,
    provider::{oauth_apps::OAuthApps, outbound::Outbound, prober::Prober},
    store::{PendingInstall, Store, StoreError, Tenant},
    vault::Vault,
};

/// Who installs, and in which project.
#[derive(Clone, Debug)]
pub struct Installing {
    /// The project, with the key's organization.
    pub tenant: Tenant,
    /// The key or person that acts.
    pub by: Principal,
    /// The request.
    pub request_id: String,
    /// The install link, if the person opened one. It is used up by the installation.
    pub link: Option<InstallLinkId>,
}

impl Installing {
    /// Who began an installation in progress, which a request goes on with.
    fn on_with(install: &PendingInstall, request_id: &str) -> Self {
        let PendingInstall { tenant, by, link, .. } = install;
        Self { tenant: *tenant, by: *by, request_id: request_id.to_owned(), link: *link }
    }

    fn acting(&self) -> Acting {
        Acting { actor: self.by.into(), request_id: Some(self.request_id.clone()) }
    }
}

/// Whether a provider can be installed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Availability {
    /// It can.
    Ready,
    /// It uses OAuth, and no app is set for it.
    NotConfigured,
    /// It is at a host of the customer's own, and the operator of this server approves none.
    NoApprovedHost,
}

/// What the installer uses.
#[derive(Debug)]
pub struct InstallerParts {
    /// The database.
    pub store: Store,
    /// The providers.
    pub catalog: Arc<Catalog>,
    /// Seals what is stored.
    pub vault: Arc<Vault>,
    /// Client ids and secrets.
    pub apps: Arc<OAuthApps>,
    /// Sends requests to providers.
    pub outbound: Outbound,
    /// Clock and randomness.
    pub environment: Environment,
    /// The address at which people reach the server.
    pub public_url: Url,
    /// How long an install link works.
    pub link_life: Duration,
}

/// Installs integrations.
#[derive(Debug)]
pub struct Installer {
    parts: InstallerParts,
    prober: Prober,
    builder: InstallationBuilder,
    /// Each step that is under way holds a receiver.
    steps: watch::Sender<()>,
}

impl std::ops::Deref for Installer {
    type Target = InstallerParts;

    fn deref(&self) -> &InstallerParts {
        &self.parts
    }
}

impl Installer {
    /// An installer that uses these parts.
    pub fn new(parts: InstallerParts) -> Self {
        let prober = Prober::new(parts.outbound.clone(), parts.environment.clone());
        let builder = InstallationBuilder::new(Arc::clone(&parts.vault), parts.environment.clone());
        Self { parts, prober, builder, steps: watch::Sender::default() }
    }

    /// Whether a tenant can install a provider.
    pub async fn availability(
        &self,
        tenant: &Tenant,
        provider: &Provider,
    ) -> Result<Availability, StoreError> {
        if provider.lacks_approval() {
            return Ok(Availability::NoApprovedHost);
        }
        if provider.oauth_by_app().is_none() || self.apps.exists(tenant, provider).await? {
            return Ok(Availability::Ready);
        }
        Ok(Availability::NotConfigured)
    }

    /// Checks that the project still exists and that the key or person may still install in it. Called before each step
    /// that stores something, because a key may be revoked while the person is at the provider.
    async fn check_standing(&self, tenant: &Tenant, by: Principal) -> Result<(), ProblemKind> {
        let known = self.store.known(by, tenant.organization, self.environment.now()).await?;
        let may =
            known.is_some_and(|who| who.rights.allow(RequiredScope::INTEGRATIONS_WRITE, tenant.project));
        if !may {
            return Err(ProblemKind::RightsGone);
        }
        Ok(self.store.admit(tenant).await?)
    }

    /// Runs a step of an installation to its end even if the request is cancelled, because the client went away or the
    /// server took too long: what a provider has granted must not be lost half-way.
    async fn to_the_end<T: Send + 'static>(
        &self,
        step: impl Future<Output = Result<T, InstallProblem>> + Send + 'static,
    ) -> Result<T, InstallProblem> {
        let under_way = self.steps.subscribe();
        let step = async move {
            let _under_way = under_way;
            step.await
        };
        tokio::spawn(step.in_current_span()).await.unwrap_or_else(|error| {
            tracing::error!(%error, "a step of an installation broke off");
            Err(InstallProblem::nowhere(ProblemKind::Internal))
        })
    }

    /// Waits until every step that has begun has ended.
    pub async fn steps_ended(&self) {
        self.steps.closed().await;
    }
}
