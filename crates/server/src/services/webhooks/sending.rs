//! Sends one message to one receiver.

use integrations_core::webhook::{Attempted, Secret, SignedHeaders, signed};
use secrecy::ExposeSecret as _;

use super::{Webhooks, error::MessageError, message::Message};
use crate::{store::SealedSecret, vault::Purpose};

/// The signature of the contract.
const CONTRACT: &str = "x-rogeriq-signature";

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
