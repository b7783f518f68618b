//! Typed ids: a prefix that names the kind of object, and 128 bits that identify it.
//!
//! `prj_01jc3q5v6w7x8y9zabcdefghjk`: the 128 bits are written as 26 characters of Crockford's base 32 in lower
//! case, so ids sort in the order of their bits. The caller supplies the bits. Ids are opaque to clients.

use std::{fmt, marker::PhantomData, str::FromStr};

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
const BODY_LENGTH: usize = 26;
const NO_DIGIT: u8 = u8::MAX;
/// The reverse of [`ALPHABET`]: byte → digit.
const DIGITS: [u8; 256] = {
    let mut digits = [NO_DIGIT; 256];
    let mut digit = 0;
    while digit < ALPHABET.len() {
        digits[ALPHABET[digit] as usize] = digit as u8;
        digit += 1;
    }
    digits
};

/// A kind of object that ids identify: the type parameter of [`Id`].
pub trait Kind {
    /// The prefix with its underscore, for example `prj_`.
    const PREFIX: &'static str;
}

/// An id of an object of kind `K`.
///
/// It holds 128 bits, and is read and written as prefix and body. Ids of different kinds are different types.
pub struct Id<K> {
    bits: u128,
    kind: PhantomData<fn() -> K>,
}

/// The error for a text that is not an id of the expected kind.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an id: expected {prefix} and 26 characters of base 32")]
pub struct InvalidId {
    prefix: &'static str,
}

impl<K: Kind> Id<K> {
    /// The id that holds `bits`.
    pub const fn from_bits(bits: u128) -> Self {
        Self { bits, kind: PhantomData }
    }

    /// The 128 bits that the id holds.
    pub const fn bits(self) -> u128 {
        self.bits
    }
}

impl<K: Kind> fmt::Display for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut body = [0u8; BODY_LENGTH];
        let mut rest = self.bits;
        for place in body.iter_mut().rev() {
            *place = ALPHABET[(rest & 31) as usize];
            rest >>= 5;
        }
        f.write_str(K::PREFIX)?;
        f.write_str(std::str::from_utf8(&body).map_err(|_| fmt::Error)?)
    }
}

impl<K: Kind> FromStr for Id<K> {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        let invalid = InvalidId { prefix: K::PREFIX };
        let body = text.strip_prefix(K::PREFIX).ok_or(invalid.clone())?.as_bytes();
        // 26 characters hold 130 bits, so the first may only use three of its five.
        if body.len() != BODY_LENGTH || body[0] > b'7' {
            return Err(invalid);
        }
        body.iter()
            .try_fold(0u128, |bits, byte| {
                let digit = DIGITS[usize::from(*byte)];
                (digit != NO_DIGIT).then_some(bits << 5 | u128::from(digit))
            })
            .map(Self::from_bits)
            .ok_or(invalid)
    }
}

impl<K: Kind> fmt::Debug for Id<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<K> Clone for Id<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for Id<K> {}
impl<K> PartialEq for Id<K> {
    fn eq(&self, other: &Self) -> bool {
        self.bits == other.bits
    }
}
impl<K> Eq for Id<K> {}
impl<K> PartialOrd for Id<K> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<K> Ord for Id<K> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.bits.cmp(&other.bits)
    }
}
impl<K> std::hash::Hash for Id<K> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.bits.hash(state);
    }
}

impl<K: Kind> serde::Serialize for Id<K> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, K: Kind> serde::Deserialize<'de> for Id<K> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// The kinds of objects that have ids.
pub mod kind {
    use super::Kind;

    /// An organization, which owns projects and API keys.
    pub enum Organization {}
    /// A project, which has at most one integration with each provider.
    pub enum Project {}
    /// An integration of one project with one provider.
    pub enum Integration {}
    /// An API key. Its id is not secret.
    pub enum ApiKey {}
    /// An event of the audit log.
    pub enum AuditEvent {}
    /// A request to the API, to find it in logs and in the audit log.
    pub enum Request {}
    /// The client id and secret of an app registered at a provider.
    pub enum OAuthApp {}
    /// A link that opens the page of one installation.
    pub enum InstallLink {}
    /// An installation that is not finished.
    pub enum PendingInstall {}
    /// A person's session on the dashboard.
    pub enum DashboardSession {}
    /// A person who signs in.
    pub enum User {}
    /// A login that a program without a browser begins.
    pub enum DeviceLogin {}
    /// A replica's lease: on an integration that is due for a probe or a refresh, on an `Idempotency-Key`, or on a run
    /// that is being sent.
    pub enum Lease {}
    /// A run: one call of an action.
    pub enum Run {}
    /// A person's decision about a run, made or awaited.
    pub enum Approval {}
    /// A receiver of a project's events.
    pub enum Webhook {}
    /// What messages to a webhook are signed with. Its id is not secret.
    pub enum WebhookSecret {}
    /// An event that is told to webhooks.
    pub enum Event {}
    /// An event on its way to one webhook.
    pub enum Delivery {}
    /// The revocation of an integration's access at the provider.
    pub enum Revocation {}
    /// An address that a provider sends events to. Its id is a part of the address, and not secret.
    pub enum EventSource {}
    /// What a provider's events are verified with. Its id is not secret.
    pub enum EventSecret {}
    /// An event that a provider sent, as it is kept for one integration.
    pub enum ProviderEvent {}
    /// A move of integrations to another server.
    pub enum Export {}

    impl Kind for Organization {
        const PREFIX: &'static str = "org_";
    }
    impl Kind for Project {
        const PREFIX: &'static str = "prj_";
    }
    impl Kind for Integration {
        const PREFIX: &'static str = "int_";
    }
    impl Kind for ApiKey {
        const PREFIX: &'static str = "key_";
    }
    impl Kind for AuditEvent {
        const PREFIX: &'static str = "aud_";
    }
    impl Kind for Request {
        const PREFIX: &'static str = "req_";
    }
    impl Kind for OAuthApp {
        const PREFIX: &'static str = "app_";
    }
    impl Kind for InstallLink {
        const PREFIX: &'static str = "lnk_";
    }
    impl Kind for PendingInstall {
        const PREFIX: &'static str = "pin_";
    }
    impl Kind for DashboardSession {
        const PREFIX: &'static str = "ses_";
    }
    impl Kind for User {
        const PREFIX: &'static str = "usr_";
    }
    impl Kind for DeviceLogin {
        const PREFIX: &'static str = "dev_";
    }
    impl Kind for Lease {
        const PREFIX: &'static str = "lea_";
    }
    impl Kind for Run {
        const PREFIX: &'static str = "run_";
    }
    impl Kind for Approval {
        const PREFIX: &'static str = "apr_";
    }
    impl Kind for Webhook {
        const PREFIX: &'static str = "whk_";
    }
    impl Kind for WebhookSecret {
        const PREFIX: &'static str = "whs_";
    }
    impl Kind for Event {
        const PREFIX: &'static str = "evt_";
    }
    impl Kind for Delivery {
        const PREFIX: &'static str = "dlv_";
    }
    impl Kind for Revocation {
        const PREFIX: &'static str = "rvc_";
    }
    impl Kind for EventSource {
        const PREFIX: &'static str = "evs_";
    }
    impl Kind for EventSecret {
        const PREFIX: &'static str = "esc_";
    }
    impl Kind for ProviderEvent {
        const PREFIX: &'static str = "pev_";
    }
    impl Kind for Export {
        const PREFIX: &'static str = "exp_";
    }
}

/// `org_…`
pub type OrganizationId = Id<kind::Organization>;
/// `prj_…`
pub type ProjectId = Id<kind::Project>;
/// `int_…`
pub type IntegrationId = Id<kind::Integration>;
/// `key_…`
pub type ApiKeyId = Id<kind::ApiKey>;
/// `aud_…`
pub type AuditEventId = Id<kind::AuditEvent>;
/// `req_…`
pub type RequestId = Id<kind::Request>;
/// `app_…`
pub type OAuthAppId = Id<kind::OAuthApp>;
/// `lnk_…`
pub type InstallLinkId = Id<kind::InstallLink>;
/// `pin_…`
pub type PendingInstallId = Id<kind::PendingInstall>;
/// `ses_…`
pub type DashboardSessionId = Id<kind::DashboardSession>;
/// `usr_…`
pub type UserId = Id<kind::User>;
/// `dev_…`
pub type DeviceLoginId = Id<kind::DeviceLogin>;
/// `lea_…`
pub type LeaseId = Id<kind::Lease>;
/// `run_…`
pub type RunId = Id<kind::Run>;
/// `apr_…`
pub type ApprovalId = Id<kind::Approval>;
/// `whk_…`
pub type WebhookId = Id<kind::Webhook>;
/// `whs_…`
pub type WebhookSecretId = Id<kind::WebhookSecret>;
/// `evt_…`
pub type EventId = Id<kind::Event>;
/// `dlv_…`
pub type DeliveryId = Id<kind::Delivery>;
/// `rvc_…`
pub type RevocationId = Id<kind::Revocation>;
/// `evs_…`
pub type EventSourceId = Id<kind::EventSource>;
/// `esc_…`
pub type EventSecretId = Id<kind::EventSecret>;
/// `pev_…`
pub type ProviderEventId = Id<kind::ProviderEvent>;
/// `exp_…`
pub type ExportId = Id<kind::Export>;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_smallest_and_the_largest() {
        assert_eq!(ProjectId::from_bits(0).to_string(), "prj_00000000000000000000000000");
        assert_eq!(ProjectId::from_bits(u128::MAX).to_string(), "prj_7zzzzzzzzzzzzzzzzzzzzzzzzz");
    }

    #[test]
    fn what_is_not_an_id_is_refused() {
        for text in [
            "",
            "prj_",
            "00000000000000000000000000",
            "int_00000000000000000000000000",
            "prj_0000000000000000000000000",
            "prj_000000000000000000000000000",
            "prj_80000000000000000000000000",
            "prj_0000000000000000000000000U",
            "prj_0000000000000000000000000u",
            "PRJ_00000000000000000000000000",
            "prj_0000000000000000000000000é",
        ] {
            assert!(text.parse::<ProjectId>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_id_survives_the_round_trip(bits: u128) {
            let id = IntegrationId::from_bits(bits);
            prop_assert_eq!(id.to_string().parse(), Ok(id));
            let json = serde_json::to_string(&id).unwrap();
            prop_assert_eq!(serde_json::from_str::<IntegrationId>(&json).unwrap(), id);
        }

        #[test]
        fn texts_sort_as_ids_do(a: u128, b: u128) {
            let (a, b) = (ApiKeyId::from_bits(a), ApiKeyId::from_bits(b));
            prop_assert_eq!(a.to_string().cmp(&b.to_string()), a.cmp(&b));
        }

        #[test]
        fn every_text_that_parses_is_the_canonical_one(text in "prj_[0-9a-z]{26}") {
            if let Ok(id) = text.parse::<ProjectId>() {
                prop_assert_eq!(id.to_string(), text);
            }
        }
    }
}
