//! Webhooks: which events a project's receivers are told, what a message says, how it is signed, and when it is sent
//! again.

mod delivery;
mod event;
mod provider_event;
mod request;
mod signature;
mod standing;
mod subscription;

pub use self::{
    delivery::{ANSWER_LIMIT, Attempted, DeliveryStatus, MAX_ATTEMPTS, Next, Outcome, SendFailure, after},
    event::{Event, EventType, Subject, SubjectIntegration, Unnumbered},
    provider_event::{ForwardedEvent, LARGEST_FORWARDED, Omitted, with_body},
    request::{
        MAX_OVERLAP, MAX_WEBHOOKS, NewWebhook, ReadUrlError, Redelivery, SecretRotation, Waiting,
        WebhookUpdate, receiver_url, shown_url,
    },
    signature::{Secret, SignedHeaders, signed},
    standing::{FAILURES_BEFORE_END, Standing, WebhookStatus},
    subscription::{MAX_PATTERNS, Subscription, UnknownEvents},
};
