//! What a sealed secret belongs to. It is the associated data, so a secret opens only where nothing of it has changed.

use integrations_core::ids::{
    EventSecretId, EventSourceId, IntegrationId, OAuthAppId, ProjectId, ProviderEventId, RevocationId, RunId,
    WebhookId, WebhookSecretId,
};

use crate::store::{
    AppOwner, Claim, EventSecretRow, KeyedRequest, Loaded, OAuthAppRecord, PendingInstall, SealedConnection,
    SealedProviderEvent, SealedRevocation, SealedRow, SealedSecret,
};

/// An integration, with everything in the database that decides where its secrets are sent.
#[derive(Clone, Copy, Debug)]
pub struct Destination<'a> {
    /// The integration.
    pub integration: IntegrationId,
    /// The project that it is in.
    pub project: ProjectId,
    /// The provider and the alias, as they are stored. The provider's file names the hosts.
    pub provider: &'a str,
    /// The connection, as it is stored: it can be part of a host, such as a shop's.
    pub connection: &'a str,
}

/// What a sealed secret belongs to. It can be opened for this purpose only.
#[derive(Clone, Copy, Debug)]
pub enum Purpose<'a> {
    /// An integration's credential.
    Credential(Destination<'a>),
    /// An integration's secret settings.
    Settings(Destination<'a>),
    /// The client secret of an OAuth app.
    OAuthApp {
        /// The app.
        id: OAuthAppId,
        /// The provider that issued it.
        provider: &'a str,
        /// Whose integrations it is for.
        owner: AppOwner,
        /// Its public half.
        client_id: &'a str,
    },
    /// The state of an installation between two of its steps. Its row says which step is next, who may take it, and
    /// which project gets the credential.
    PendingInstall(&'a PendingInstall),
    /// What a request with an `Idempotency-Key` was answered.
    Answer(&'a KeyedRequest),
    /// The request of an action.
    ActionRequest {
        /// The run.
        run: RunId,
        /// The project that it is in.
        project: ProjectId,
        /// The integration that it calls.
        integration: IntegrationId,
        /// The integration's provider, with its alias, as it is stored.
        provider: &'a str,
        /// The action's key.
        action: &'a str,
    },
    /// What messages to a webhook are signed with.
    WebhookSecret {
        /// The secret.
        id: WebhookSecretId,
        /// The webhook.
        webhook: WebhookId,
    },
    /// The credential of an integration that was disconnected, while its provider is asked to revoke it.
    Revocation(RevocationId, Destination<'a>),
    /// The secret of an address that a provider sends events to.
    EventPath(EventSourceId),
    /// What the events at an address are verified with.
    EventSecret(EventSecretId, EventSourceId),
    /// The body of an event that a provider sent.
    ProviderEvent {
        /// The event.
        id: ProviderEventId,
        /// The project that it is forwarded to.
        project: ProjectId,
        /// The integration that it is of.
        integration: IntegrationId,
    },
    /// The canary of the encryption key with this id.
    Canary(&'a str),
}

impl Purpose<'_> {
    /// The associated data of a secret that begins with `prefix`. Each part has its length before it, so no two
    /// purposes have the same.
    pub(super) fn associated_data(self, prefix: &[u8]) -> Vec<u8> {
        let data = Parts::default().part(prefix);
        match self {
            Self::Credential(to) => data.part("credential").destination(to),
            Self::Settings(to) => data.part("settings").destination(to),
            Self::OAuthApp { id, provider, owner, client_id } => data
                .part("oauth_app")
                .part(id.to_string())
                .part(provider)
                .part(owner.to_string())
                .part(client_id),
            Self::PendingInstall(install) => data
                .part("pending_install")
                .part(install.id.to_string())
                .part(install.status.as_str())
                .part(install.tenant.organization.to_string())
                .part(install.tenant.project.to_string())
                .part(&install.provider)
                .part(install.by.to_string())
                // An id is never empty.
                .part(install.link.map(|link| link.to_string()).unwrap_or_default())
                .part(install.secret.as_bytes())
                .part(install.browser.as_bytes()),
            Self::Answer(request) => data.part("answer").part(&request.id).part(&request.fingerprint),
            Self::ActionRequest { run, project, integration, provider, action } => data
                .part("action_request")
                .part(run.to_string())
                .part(project.to_string())
                .part(integration.to_string())
                .part(provider)
                .part(action),
            Self::WebhookSecret { id, webhook } => {
                data.part("webhook_secret").part(id.to_string()).part(webhook.to_string())
            }
            Self::Revocation(id, of) => data.part("revocation").part(id.to_string()).destination(of),
            Self::EventPath(source) => data.part("event_path").part(source.to_string()),
            Self::EventSecret(id, source) => {
                data.part("event_secret").part(id.to_string()).part(source.to_string())
            }
            Self::ProviderEvent { id, project, integration } => data
                .part("provider_event")
                .part(id.to_string())
                .part(project.to_string())
                .part(integration.to_string()),
            Self::Canary(key) => data.part("canary").part(key),
        }
        .0
    }

    /// The associated data of the form before: the id alone, which left it open where the secret is sent.
    pub(super) fn old_associated_data(self) -> Vec<u8> {
        match self {
            Self::Credential(to) => format!("credential:{}", to.integration),
            Self::Settings(to) => format!("settings:{}", to.integration),
            Self::OAuthApp { id, .. } => format!("oauth_app:{id}"),
            Self::PendingInstall(install) => format!("pending_install:{}", install.id),
            // There were none of these.
            Self::Answer(request) => format!("answer:{}", request.id),
            Self::ActionRequest { run, .. } => format!("action_request:{run}"),
            Self::WebhookSecret { id, .. } => format!("webhook_secret:{id}"),
            Self::Revocation(id, _) => format!("revocation:{id}"),
            Self::EventPath(source) => format!("event_path:{source}"),
            Self::EventSecret(id, _) => format!("event_secret:{id}"),
            Self::ProviderEvent { id, .. } => format!("provider_event:{id}"),
            Self::Canary(key) => format!("canary:{key}"),
        }
        .into_bytes()
    }
}

#[derive(Default)]
struct Parts(Vec<u8>);

impl Parts {
    fn part(mut self, part: impl AsRef<[u8]>) -> Self {
        let part = part.as_ref();
        self.0.extend((part.len() as u64).to_be_bytes());
        self.0.extend(part);
        self
    }

    fn destination(self, to: Destination<'_>) -> Self {
        let Destination { integration, project, provider, connection } = to;
        self.part(integration.to_string()).part(project.to_string()).part(provider).part(connection)
    }
}

impl<'a> From<&'a Loaded> for Destination<'a> {
    fn from(loaded: &'a Loaded) -> Self {
        let integration = &loaded.integration;
        Self {
            integration: integration.id,
            project: integration.project,
            provider: integration.provider.as_str(),
            connection: &loaded.connection,
        }
    }
}

impl<'a> From<&'a Claim> for Destination<'a> {
    fn from(claim: &'a Claim) -> Self {
        Self {
            integration: claim.integration,
            project: claim.tenant.project,
            provider: claim.provider.as_str(),
            connection: &claim.connection,
        }
    }
}

impl<'a> From<&'a OAuthAppRecord> for Purpose<'a> {
    fn from(app: &'a OAuthAppRecord) -> Self {
        Self::OAuthApp { id: app.id, provider: &app.provider, owner: app.owner, client_id: &app.client_id }
    }
}

impl<'a> From<&'a SealedConnection> for Destination<'a> {
    fn from(row: &'a SealedConnection) -> Self {
        Self {
            integration: row.integration,
            project: row.project,
            provider: &row.provider,
            connection: &row.connection,
        }
    }
}

impl<'a> From<&'a SealedRevocation> for Purpose<'a> {
    fn from(row: &'a SealedRevocation) -> Self {
        Self::Revocation(row.revocation, (&row.of).into())
    }
}

impl<'a> From<&'a SealedRow> for Purpose<'a> {
    fn from(row: &'a SealedRow) -> Self {
        match row {
            SealedRow::Credential(row) => Self::Credential(row.into()),
            SealedRow::Settings(row) => Self::Settings(row.into()),
            SealedRow::Revocation(row) => row.into(),
            SealedRow::OAuthApp(app) => app.into(),
            SealedRow::PendingInstall(install) => Self::PendingInstall(install),
            SealedRow::Answer(answer) => Self::Answer(&answer.request),
            SealedRow::Request(request) => Self::ActionRequest {
                run: request.run,
                project: request.project,
                integration: request.integration,
                provider: &request.provider,
                action: &request.action,
            },
            SealedRow::WebhookSecret(secret) => secret.into(),
            SealedRow::EventPath(path) => Self::EventPath(path.source),
            SealedRow::EventSecret(secret) => secret.into(),
            SealedRow::ProviderEvent(event) => event.into(),
        }
    }
}

impl From<&EventSecretRow> for Purpose<'_> {
    fn from(secret: &EventSecretRow) -> Self {
        Self::EventSecret(secret.id, secret.source)
    }
}

impl From<&SealedProviderEvent> for Purpose<'_> {
    fn from(event: &SealedProviderEvent) -> Self {
        Self::ProviderEvent { id: event.id, project: event.project, integration: event.integration }
    }
}

impl From<&SealedSecret> for Purpose<'_> {
    fn from(secret: &SealedSecret) -> Self {
        Self::WebhookSecret { id: secret.id, webhook: secret.webhook }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    #[expect(clippy::too_many_lines, reason = "one list of all purposes")]
    fn no_two_purposes_have_the_same_associated_data() {
        let to = |integration, project, provider, connection| Destination {
            integration: IntegrationId::from_bits(integration),
            project: ProjectId::from_bits(project),
            provider,
            connection,
        };
        let app = |provider, owner, client_id| Purpose::OAuthApp {
            id: OAuthAppId::from_bits(1),
            provider,
            owner,
            client_id,
        };
        let request = |id: &str, fingerprint: &[u8]| KeyedRequest {
            id: id.to_owned(),
            fingerprint: fingerprint.to_vec(),
        };
        let call = |run, project, integration, provider, action| Purpose::ActionRequest {
            run: RunId::from_bits(run),
            project: ProjectId::from_bits(project),
            integration: IntegrationId::from_bits(integration),
            provider,
            action,
        };
        let event = |project, integration| Purpose::ProviderEvent {
            id: ProviderEventId::from_bits(1),
            project: ProjectId::from_bits(project),
            integration: IntegrationId::from_bits(integration),
        };
        let requests = [request("a", b"b"), request("ab", b""), request("a", b"c")];
        let purposes = [
            Purpose::Answer(&requests[0]),
            Purpose::Answer(&requests[1]),
            Purpose::Answer(&requests[2]),
            Purpose::Credential(to(1, 1, "shopify", "{}")),
            Purpose::Settings(to(1, 1, "shopify", "{}")),
            Purpose::Credential(to(2, 1, "shopify", "{}")),
            Purpose::Credential(to(1, 2, "shopify", "{}")),
            Purpose::Credential(to(1, 1, "zendesk", "{}")),
            Purpose::Credential(to(1, 1, "shopify", r#"{"subdomain":"acme"}"#)),
            // The end of one part is not the beginning of the next.
            Purpose::Credential(to(1, 1, "shopif", "y{}")),
            Purpose::Credential(to(1, 1, "shopify{}", "")),
            app("slack", AppOwner::All, "id"),
            app("slack", AppOwner::Project(ProjectId::from_bits(1)), "id"),
            app("slac", AppOwner::All, "kid"),
            call(1, 1, 1, "stripe", "issue_refund"),
            call(2, 1, 1, "stripe", "issue_refund"),
            call(1, 2, 1, "stripe", "issue_refund"),
            call(1, 1, 2, "stripe", "issue_refund"),
            call(1, 1, 1, "stripe~eu", "issue_refund"),
            call(1, 1, 1, "stripe", "cancel"),
            Purpose::WebhookSecret { id: WebhookSecretId::from_bits(1), webhook: WebhookId::from_bits(1) },
            Purpose::WebhookSecret { id: WebhookSecretId::from_bits(1), webhook: WebhookId::from_bits(2) },
            Purpose::Revocation(RevocationId::from_bits(1), to(1, 1, "shopify", "{}")),
            Purpose::Revocation(RevocationId::from_bits(2), to(1, 1, "shopify", "{}")),
            Purpose::Revocation(RevocationId::from_bits(1), to(1, 2, "shopify", "{}")),
            Purpose::EventPath(EventSourceId::from_bits(1)),
            Purpose::EventSecret(EventSecretId::from_bits(1), EventSourceId::from_bits(1)),
            Purpose::EventSecret(EventSecretId::from_bits(1), EventSourceId::from_bits(2)),
            event(1, 1),
            event(1, 2),
            event(2, 1),
            Purpose::Canary("k1"),
            Purpose::Canary("k2"),
        ];
        let data = purposes.map(|purpose| purpose.associated_data(b"prefix"));
        assert_eq!(HashSet::from(data).len(), purposes.len());
        assert_ne!(purposes[0].associated_data(b"prefix"), purposes[0].associated_data(b"other"));
    }
}
