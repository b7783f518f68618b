//! Gets tokens that live long, at providers that issue no refresh tokens: in exchange for the token of a code, and
//! later in exchange for themselves.

use integrations_core::{
    catalog::{LongLived, Provider, TokenCall},
    health::NoAnswer,
};
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value};

use super::{oauth_apps::OAuthApp, token_call};
use crate::provider::outbound::{Answer, Outbound};

/// Where the long-lived tokens of one connection come from.
pub(crate) struct LongLivedTokens<'a> {
    provider: &'a Provider,
    calls: &'a LongLived,
    connection: &'a Map<String, Value>,
    app: &'a OAuthApp,
}

impl<'a> LongLivedTokens<'a> {
    /// Those of a connection, which has been checked. `None`: the provider issues none.
    pub(crate) fn of(
        provider: &'a Provider,
        connection: &'a Map<String, Value>,
        app: &'a OAuthApp,
    ) -> Option<Self> {
        Some(Self { provider, calls: provider.long_lived()?, connection, app })
    }

    /// Exchanges the token of a code.
    pub(crate) async fn exchange(&self, outbound: &Outbound, access_token: &str) -> Result<Answer, NoAnswer> {
        self.send(&self.calls.exchange, outbound, access_token).await
    }

    /// Renews a token that lives long.
    pub(crate) async fn renew(&self, outbound: &Outbound, access_token: &str) -> Result<Answer, NoAnswer> {
        self.send(&self.calls.renewal, outbound, access_token).await
    }

    async fn send(
        &self,
        call: &TokenCall,
        outbound: &Outbound,
        access_token: &str,
    ) -> Result<Answer, NoAnswer> {
        let value = |name: &str| match name {
            "access_token" => Some(access_token),
            "client_id" => Some(self.app.client_id.as_str()),
            "client_secret" => Some(self.app.client_secret.expose_secret()),
            _ => self.provider.connection_value(self.connection, name),
        };
        let request = token_call::written(call, value).map_err(|error| {
            tracing::error!(
                provider = %self.provider.key,
                %error,
                "a request for a token cannot be made: check the provider's file"
            );
            NoAnswer::Unreachable
        })?;
        outbound.send_once(request).await
    }
}
