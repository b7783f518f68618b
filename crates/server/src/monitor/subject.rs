//! An integration's opened credential.

use std::sync::Arc;

use integrations_core::catalog::Provider;
use serde_json::{Map, Value};

/// An integration's opened credential, with its provider and connection.
pub(super) struct Subject {
    pub(super) provider: Arc<Provider>,
    pub(super) connection: Map<String, Value>,
    pub(super) credential: Map<String, Value>,
}

impl Subject {
    pub(super) fn refresh_token(&self) -> Option<&str> {
        self.credential.get("refresh_token").and_then(Value::as_str)
    }

    pub(super) fn access_token(&self) -> Option<&str> {
        self.credential.get("access_token").and_then(Value::as_str)
    }

    /// Whether the access token can be renewed without a person.
    pub(super) fn is_renewable(&self) -> bool {
        self.provider.is_renewable(&self.credential)
    }

    /// Whether a refresh token must not be sent twice, because a second use would be taken for theft.
    pub(super) fn is_sent_once(&self) -> bool {
        self.provider.oauth().is_some_and(|oauth| oauth.tokens.rotation.is_strict())
    }
}
