//! A message to a receiver, before it is signed.

use integrations_core::{ids::EventId, webhook::EventType};

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
