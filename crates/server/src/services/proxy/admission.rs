//! Reads a request that a caller wrote, and decides on it.

use bytes::Bytes;
use integrations_core::{
    catalog::{Method, ProviderAccount},
    ids::ApiKeyId,
    proxy::{Operation, Refusal, Route, Wish, decide, read_body, read_parameters},
};

use super::{Proxy, ProxyError};
use crate::{
    metrics::ProxyOutcome,
    services::actions::{CallError, opened::check_active},
    store::{Loaded, Tenant, UsableCredential},
};

/// A request to a provider, as its head arrived.
#[derive(Clone, Debug)]
pub struct Asking {
    /// The project, with its organization.
    pub tenant: Tenant,
    /// The integration.
    pub account: ProviderAccount,
    /// Who asks.
    pub by: ApiKeyId,
    /// The id of the caller's request.
    pub request_id: String,
    /// The method.
    pub method: Method,
    /// The path below the provider's base URL, not decoded. It begins with `/`.
    pub path: String,
    /// The query, not decoded.
    pub query: Option<String>,
}

/// A request that may be sent, or of which the body decides.
#[derive(Debug)]
pub struct Admitted {
    pub(super) asking: Asking,
    pub(super) loaded: Loaded,
    /// The credential as it was read with it.
    pub(super) usable: Option<UsableCredential>,
    pub(super) route: Route,
    /// The query as it is sent.
    pub(super) query: Option<String>,
    /// What the GraphQL operation asks for, if it is one and was read.
    operation: Option<Operation>,
    /// Whether it may change something. `None`: its body decides whether it is sent at all.
    pub(super) writes: Option<bool>,
    /// The headers that name the version of the API, as the provider file has them.
    pub(super) versions: Vec<(String, String)>,
}

impl Proxy {
    /// Reads the head of a request, and decides on it unless its body must be known for that.
    pub async fn admit(&self, asking: Asking) -> Result<Admitted, ProxyError> {
        let provider = asking.account.provider.key.to_string();
        let admitted = self.judge(asking).await;
        if let Err(error) = &admitted {
            let is_limited = matches!(error, ProxyError::Integration(CallError::Limited { .. }));
            let outcome = if is_limited { ProxyOutcome::Limited } else { ProxyOutcome::Refused };
            self.actions.metrics.proxied(&provider, outcome);
        }
        admitted
    }

    /// The integration as it is now, if the request may still be sent: its body may have come slowly, and a person may
    /// have changed their mind.
    pub(super) async fn judge_again(
        &self,
        admitted: &Admitted,
    ) -> Result<(Loaded, Option<UsableCredential>), ProxyError> {
        let Asking { tenant, account, .. } = &admitted.asking;
        let (now, usable) = self.actions.installed_to_use(tenant, account).await?;
        if !now.is_connected_as(&admitted.loaded) {
            return Err(CallError::Changed.into());
        }
        check_active(&now)?;
        admitted.wish(&now)?;
        Ok((now, usable))
    }

    async fn judge(&self, mut asking: Asking) -> Result<Admitted, ProxyError> {
        let (loaded, usable) = self.actions.installed_to_use(&asking.tenant, &asking.account).await?;
        check_active(&loaded)?;
        asking.account = asking.account.stored(loaded.way());
        let provider = &asking.account.provider;
        let route = Route::read(provider, asking.method, &asking.path, asking.query.as_deref())?;
        let query = route.query().map(str::to_owned);
        let (operation, writes, versions) = (None, None, Vec::new());
        let mut admitted = Admitted { asking, loaded, usable, route, query, operation, writes, versions };
        if !admitted.route.is_graphql() {
            admitted.decide()?;
        } else if admitted.route.method() == Method::Get {
            let (operation, query) = read_parameters(admitted.query.as_deref().unwrap_or_default())?;
            admitted.operation = Some(operation);
            admitted.decide()?;
            admitted.query = Some(query);
        }
        match self.actions.wait_of(admitted.loaded.integration.id) {
            Some(seconds) => {
                let provider = admitted.asking.account.provider.name.clone();
                Err(CallError::Limited { provider, seconds }.into())
            }
            None => Ok(admitted),
        }
    }

    /// Decides on a request by its body, and returns the body as it is sent. Nothing but [`Admitted::needs_body`] says
    /// when this is to be called.
    pub fn judge_body(&self, admitted: &mut Admitted, body: &[u8]) -> Result<Bytes, ProxyError> {
        let judged = read_body(body).and_then(|(operation, sent)| {
            admitted.operation = Some(operation);
            admitted.decide()?;
            Ok(sent.into())
        });
        if judged.is_err() {
            let provider = admitted.asking.account.provider.key.as_str();
            self.actions.metrics.proxied(provider, ProxyOutcome::Refused);
        }
        Ok(judged?)
    }
}

impl Admitted {
    /// Whether the body decides whether it is sent.
    pub fn needs_body(&self) -> bool {
        self.writes.is_none()
    }

    /// Whether all of the body must be known before it is sent, because it is signed.
    pub fn signs_body(&self) -> bool {
        self.asking.account.provider.signs()
    }

    fn decide(&mut self) -> Result<(), Refusal> {
        let wish = self.wish(&self.loaded)?;
        let (writes, versions) = (wish.writes, wish.versions());
        (self.writes, self.versions) = (Some(writes), versions);
        Ok(())
    }

    /// What it stands for, if the permissions of this integration let it be sent.
    fn wish(&self, loaded: &Loaded) -> Result<Wish<'_>, Refusal> {
        let provider = &self.asking.account.provider;
        let wish = self.route.wish(provider, self.operation.as_ref())?;
        decide(provider, &loaded.integration.action_permissions, &wish)?;
        Ok(wish)
    }

    /// The request in the audit log and in messages, without its query.
    pub(super) fn told(&self) -> String {
        format!("{} {}", self.route.method(), self.route.path())
    }
}
