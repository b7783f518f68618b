//! The labels of the metrics. Every label has a bounded number of values: a route is a pattern and not a path, a
//! provider is one of the catalog, and the rest are enums.

use std::{fmt, sync::Arc};

use http::Method;
use integrations_core::words::words;
use prometheus_client::encoding::{EncodeLabelSet, EncodeLabelValue, LabelValueEncoder};

words! {
    /// How a probe ended.
    pub enum ProbeOutcome {
        /// The credential works.
        Well = "well",
        /// The provider did not answer, or only later. The state of the credential is unknown.
        Degraded = "degraded",
        /// The provider refused the credential.
        Dead = "dead",
    }
}

words! {
    /// How a token refresh ended.
    pub enum RefreshOutcome {
        /// There is a new access token.
        Refreshed = "refreshed",
        /// The provider did not answer, or asked to be called later. The refresh is tried again.
        Unavailable = "unavailable",
        /// The provider refused the refresh token.
        Dead = "dead",
        /// The new tokens were lost: another credential was stored in the meantime, or the replica stopped before it
        /// could store them.
        Lost = "lost",
    }
}

words! {
    /// What became of a request that a caller wrote for a provider.
    pub enum ProxyOutcome {
        /// The provider answered.
        Answered = "answered",
        /// It was not sent: it is not permitted or not clear.
        Refused = "refused",
        /// It was not sent: the provider asked for a pause.
        Limited = "limited",
        /// It did nothing: the provider could not be reached, or the answer to a reading was lost.
        Unavailable = "unavailable",
        /// It may have changed something, and the answer was lost.
        Unknown = "unknown",
    }
}

words! {
    /// Why a connection of a client was cut or refused.
    pub enum CutReason {
        /// Its address has as many as it may have, and another one came.
        AddressLimit = "address_limit",
        /// There are as many as there may be, and another one came.
        Limit = "limit",
        /// The client did not take its answers.
        Stalled = "stalled",
        /// It was one too many, and the server was busy with all others.
        Refused = "refused",
    }
}

impl EncodeLabelValue for CutReason {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for ProbeOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

impl EncodeLabelValue for RefreshOutcome {
    fn encode(&self, encoder: &mut LabelValueEncoder<'_>) -> fmt::Result {
        self.as_str().encode(encoder)
    }
}

/// The method of a request that was not HTTP or that has an unknown method.
pub(super) const OTHER: &str = "other";

/// The label for a request's method. Clients may send any method, so all unknown ones share one label.
pub(crate) fn method(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => OTHER,
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Request {
    pub(super) method: &'static str,
    pub(super) route: Arc<str>,
    pub(super) status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Route {
    pub(super) method: &'static str,
    pub(super) route: Arc<str>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Probe {
    pub(super) provider: String,
    pub(super) outcome: ProbeOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Refresh {
    pub(super) provider: String,
    pub(super) outcome: RefreshOutcome,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ActionCall {
    pub(super) provider: String,
    pub(super) action: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Proxied {
    pub(super) provider: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Delivery {
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct ProviderEvent {
    pub(super) provider: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Revocation {
    pub(super) provider: String,
    pub(super) outcome: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Integration {
    pub(super) status: &'static str,
    pub(super) health: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Provider {
    pub(super) provider: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Connections {
    pub(super) pool: &'static str,
    pub(super) state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Pool {
    pub(super) pool: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Build {
    pub(super) version: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(super) struct Cut {
    pub(super) reason: CutReason,
}
