//! Sends one message to one receiver.

use integrations_core::{
    ids::EventId,
    webhook::{Attempted, EventType, Secret, SignedHeaders, signed},
};
use secrecy::ExposeSecret as _;

use super::Webhooks;
use crate::{
    store::SealedSecret,
    vault::{Purpose, VaultError},
};

/// The signature of the contract.
const CONTRACT: &str = "x-rogeriq-signature";

/// A message on its way.
#[derive(Clone, Copy, Debug)]
pub(super) struct Message<'a> {
    /// The event's id.
    pub(super) event: EventId,
    /// What happened.
    pub(super) kind: EventType,
    /// The bytes that are sent.
    pub(super) body: &'a [u8],
    /// Where they are sent to.
    pub(super) url: &'a str,
    /// The attempt's number, from 1.
    pub(super) attempt: u32,
    /// Whether it is sent again on request.
    pub(super) is_redelivery: bool,
}

/// Why a message was not sent, for a reason of our own.
#[derive(Debug, thiserror::Error)]
pub enum MessageError {
    /// Its webhook has no secret that can be opened.
    #[error(transparent)]
    Vault(#[from] VaultError),
    /// A stored value cannot be used.
    #[error("the stored {0} of a webhook cannot be used")]
    Stored(&'static str),
}

impl Webhooks {
    /// Sends a message, signed anew. `secrets` has the one that counts first.
    pub(super) async fn send(
        &self,
        message: Message<'_>,
        secrets: &[SealedSecret],
    ) -> Result<Attempted, MessageError> {
        let mut opened = secrets.iter().map(|secret| self.open(secret));
        let secret = opened.next().ok_or(MessageError::Stored("secret"))??;
        let retiring = opened.next().transpose()?;
        let at = self.environment.now();
        let headers = signed(message.event, message.body, at, &secret, retiring.as_ref());
        let request = request(message, headers).ok_or(MessageError::Stored("address"))?;
        Ok(self.receivers.send(request, at).await)
    }

    fn open(&self, sealed: &SealedSecret) -> Result<Secret, MessageError> {
        let opened = self.vault.open(&sealed.sealed, Purpose::from(sealed))?;
        let text = String::from_utf8(opened.expose_secret().to_vec()).ok();
        text.and_then(Secret::stored).ok_or(MessageError::Stored("secret"))
    }
}

fn request(message: Message<'_>, signed: SignedHeaders) -> Option<http::Request<Vec<u8>>> {
    let Message { event: _, kind, body, url, attempt, is_redelivery } = message;
    let mut request = http::Request::post(url)
        .header(http::header::CONTENT_TYPE, "application/json")
        .header("webhook-id", signed.id)
        .header("webhook-timestamp", signed.timestamp)
        .header("webhook-signature", signed.standard)
        .header(CONTRACT, signed.contract)
        .header("x-rogeriq-event", kind.as_str())
        .header("x-rogeriq-attempt", attempt);
    if is_redelivery {
        request = request.header("x-rogeriq-redelivery", "true");
    }
    request.body(body.to_vec()).ok()
}
