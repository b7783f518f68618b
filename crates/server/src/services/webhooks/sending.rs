//! Sends one message to one receiver.

use std::borrow::Cow;

use integrations_core::webhook::{Attempted, Secret, SignedHeaders, signed, with_body};
use secrecy::ExposeSecret as _;

use super::{Webhooks, error::MessageError, message::Message};
use crate::{
    store::{Due, SealedSecret},
    vault::Purpose,
};

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

    /// The bytes that are sent. The body of a provider's event is sealed elsewhere, and gets its place now.
    pub(super) async fn complete<'a>(&self, due: &'a Due) -> Result<Cow<'a, [u8]>, MessageError> {
        let Some(id) = due.provider_event else { return Ok(Cow::Borrowed(&due.body)) };
        let opened = match self.store.body_to_forward(id).await? {
            Ok(event) => Ok(self.vault.open(&event.sealed, Purpose::from(&event))?),
            Err(omitted) => Err(omitted),
        };
        let body = opened.as_ref().map(|body| body.expose_secret()).map_err(|omitted| *omitted);
        with_body(&due.body, body).map(Cow::Owned).map_err(|_| MessageError::Stored("message"))
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
