//! The shapes of the v1 API as this client reads them: unknown fields are ignored and missing ones are borne,
//! so that a newer server never breaks an older command line.

use std::fmt;

use serde::Deserialize;
use serde_json::{Map, Value};

/// One provider in use in a project.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Integration {
    /// `int_…`
    pub(crate) id: Option<String>,
    /// The provider's key, such as `slack`.
    pub(crate) provider: Option<String>,
    /// `active`, `paused`, `disconnected` or `error`.
    pub(crate) status: Option<String>,
    /// The name given to it here; null where the catalog's name stands.
    pub(crate) display_name: Option<String>,
    /// `oauth`, `api_key` or `webhook_url`.
    pub(crate) setup_type: Option<String>,
    /// `healthy`, `degraded`, `unhealthy` or `unknown`.
    pub(crate) health_status: Option<String>,
    /// Whether its panel is shown in the inbox sidebar.
    pub(crate) sidebar_enabled: Option<bool>,
    /// RFC 3339.
    pub(crate) last_synced_at: Option<String>,
    /// What is wrong with it.
    pub(crate) error_message: Option<String>,
    /// RFC 3339.
    pub(crate) created_at: Option<String>,
    /// RFC 3339.
    pub(crate) updated_at: Option<String>,
    /// Provider-specific settings.
    pub(crate) settings: Option<Value>,
    /// Action key → allowed or not.
    pub(crate) action_permissions: Option<Map<String, Value>>,
    /// The version to name in `--if-match`.
    pub(crate) etag: Option<String>,
    /// What a DELETE has to say beside the integration.
    pub(crate) message: Option<String>,
}

/// One provider that can be used.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct CatalogEntry {
    /// The provider's key, such as `slack`.
    pub(crate) provider: Option<String>,
    /// The provider's name, such as `Slack`.
    pub(crate) name: Option<String>,
    /// What it is for.
    pub(crate) description: Option<String>,
    /// Such as `commerce`.
    pub(crate) category: Option<String>,
    /// `oauth`, `api_key` or `webhook_url`.
    pub(crate) setup_type: Option<String>,
    /// `available`, or the integration's status.
    pub(crate) status: Option<String>,
    /// Whether it can be installed now.
    pub(crate) installable: Option<bool>,
    /// Why it cannot.
    pub(crate) not_installable_reason: Option<String>,
    /// The name given to the integration.
    pub(crate) display_name: Option<String>,
    /// The integration's health.
    pub(crate) health_status: Option<String>,
    /// RFC 3339.
    pub(crate) last_synced_at: Option<String>,
    /// What is wrong with the integration.
    pub(crate) error_message: Option<String>,
    /// What an agent can be permitted to do.
    pub(crate) actions: Vec<Action>,
    /// JSON Schema of the settings.
    pub(crate) settings_schema: Option<Value>,
    /// Where the provider's documentation is.
    #[serde(alias = "docs_url", alias = "documentation")]
    pub(crate) documentation_url: Option<String>,
}

/// Something that an agent can be permitted to do.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Action {
    /// The key for `--allow` and `--deny`.
    pub(crate) key: Option<String>,
    /// What a person reads.
    pub(crate) label: Option<String>,
    /// `read_only`, `write` or `destructive`.
    pub(crate) kind: Option<String>,
}

/// Where to complete an installation.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct InstallUrl {
    /// To be opened in a browser.
    pub(crate) install_url: Option<String>,
    /// What to do with it.
    pub(crate) message: Option<String>,
}

/// Something that was done to a project or one of its integrations.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct AuditEvent {
    /// `aud_…`; later events have later ids.
    pub(crate) id: Option<String>,
    /// Such as `integration.disconnected`.
    pub(crate) action: Option<String>,
    /// Who did it.
    pub(crate) actor: Actor,
    /// The provider's key; null where it is about no integration.
    pub(crate) provider: Option<String>,
    /// Field by field.
    pub(crate) changes: Vec<Change>,
    /// RFC 3339.
    pub(crate) created_at: Option<String>,
}

/// Who did something.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Actor {
    /// `api_key`, `operator` or `system`.
    pub(crate) kind: Option<String>,
    /// `key_…`
    pub(crate) api_key_id: Option<String>,
    /// What the key is for.
    pub(crate) name: Option<String>,
}

/// One field that changed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Change {
    /// Dotted.
    pub(crate) path: String,
    /// Null where there was none.
    pub(crate) from: Value,
    /// Null where there is none.
    pub(crate) to: Value,
}

/// One thing that is wrong with a body.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub(crate) struct Issue {
    /// Where in the body, dotted.
    pub(crate) path: String,
    /// What is wrong there.
    pub(crate) message: String,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// The body of every refusal.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ErrorBody {
    /// What happened.
    pub(crate) error: String,
    /// The code to branch on.
    pub(crate) code: String,
    /// The request's id.
    #[serde(default)]
    pub(crate) request_id: Option<String>,
    /// Field by field, where the body was not valid.
    #[serde(default)]
    pub(crate) issues: Option<Vec<Issue>>,
    /// Seconds to wait, where rate-limited.
    #[serde(default)]
    pub(crate) retry_after: Option<f64>,
}
