//! What a provider says about itself to an operator who looks for a fault.

use serde_json::Value;
use time::Duration;

use super::{
    discovery::{DOCUMENT, Metadata, Transport, difference, json, named},
    error::OpenIdError,
    issuer::Issuer,
    tokens::is_accepted,
};
use crate::environment::Environment;

/// What a provider says about itself, and what of it a sign-in can use.
#[derive(Clone, Debug, PartialEq)]
pub struct Look {
    /// Its name for itself, if it says one.
    pub issuer: Result<String, OpenIdError>,
    /// What to change, if that is not the setting.
    pub advice: Option<&'static str>,
    /// The number of keys that it publishes, or why its addresses or its keys cannot be used.
    pub keys: Result<usize, OpenIdError>,
    /// The names of the algorithms by which it signs ID tokens. `None`: it does not say, although it must (OpenID
    /// Connect Discovery 1.0, section 3).
    pub algorithms: Option<Vec<String>>,
    /// Those of them that a sign-in accepts.
    pub accepted: Vec<String>,
    /// Whether it has an endpoint that says more about a person.
    pub has_userinfo: bool,
    /// Whether it tells who signed out there (OpenID Connect Back-Channel Logout 1.0, section 2.1).
    pub has_back_channel_logout: bool,
    /// Whether people can be sent to it to sign out (OpenID Connect RP-Initiated Logout 1.0, section 2.1).
    pub has_end_session: bool,
    /// How far its clock is ahead of this one. `None`: it does not tell the time.
    pub clock_ahead: Option<Duration>,
}

impl Look {
    /// Asks the provider.
    pub(super) async fn at(
        issuer: &Issuer,
        transport: &Transport,
        environment: &Environment,
    ) -> Result<Self, OpenIdError> {
        let answer = transport.get(DOCUMENT, &issuer.discovery(), None).await?;
        let clock_ahead = answer.told_time().map(|told| told - environment.now());
        let document = json(DOCUMENT, &answer)?;
        let found = named(&document).map(str::to_owned);
        let keys = match Metadata::addressed(&document, issuer) {
            Ok(metadata) => transport.keys(&metadata).await.map(|keys| keys.keys().len()),
            Err(error) => Err(error),
        };
        let algorithms = names(&document, "id_token_signing_alg_values_supported");
        let accepted = algorithms.iter().flatten().filter(|name| is_accepted(name)).cloned().collect();
        Ok(Self {
            advice: found.as_ref().ok().and_then(|found| difference(issuer, found)),
            issuer: found,
            keys,
            algorithms,
            accepted,
            has_userinfo: document.get("userinfo_endpoint").is_some_and(Value::is_string),
            has_back_channel_logout: document.get("backchannel_logout_supported") == Some(&Value::Bool(true)),
            has_end_session: document.get("end_session_endpoint").is_some_and(Value::is_string),
            clock_ahead,
        })
    }
}

fn names(document: &Value, member: &str) -> Option<Vec<String>> {
    let list = document.get(member)?.as_array()?;
    Some(list.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}
