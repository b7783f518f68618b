//! Sends the requests of actions, with the credential of an integration.

use std::time::Duration;

use integrations_core::{action::RenderedRequest, catalog::Provider, ids::RunId};
use serde_json::{Map, Value};

pub use super::outbound::Sent;
use super::prober;
use crate::{
    environment::Environment,
    provider::outbound::{Answer, Moment, Outbound, prepare_action},
};

/// The wait after "too many requests" if the provider names none.
const UNSTATED_WAIT: Duration = Duration::from_mins(1);

/// A request of an action, and whom it goes to.
#[derive(Clone, Copy)]
pub struct ActionRequest<'a> {
    /// The provider.
    pub provider: &'a Provider,
    /// What the user supplied in addition to the credential.
    pub connection: &'a Map<String, Value>,
    /// The opened credential.
    pub credential: &'a Map<String, Value>,
    /// The request.
    pub request: &'a RenderedRequest,
    /// The run that it belongs to.
    pub run: RunId,
    /// Whether it may change something.
    pub writes: bool,
}

/// Sends the requests of actions.
#[derive(Clone, Debug)]
pub struct ActionCaller {
    outbound: Outbound,
    environment: Environment,
}

impl ActionCaller {
    /// A caller that sends its requests through `outbound`.
    pub fn new(outbound: Outbound, environment: Environment) -> Self {
        Self { outbound, environment }
    }

    /// Sends a request once. It may take `time`.
    pub async fn send(&self, to: ActionRequest<'_>, time: Duration) -> Sent {
        let moment = Moment::from(&self.environment);
        match prepare_action(to.provider, to.connection, to.credential, to.request, to.run, &moment) {
            Ok(request) => self.outbound.send_action(request, to.writes, time).await,
            Err(error) => Sent::Nothing(prober::unmade(to.provider, to.connection, to.credential, &error)),
        }
    }

    /// The longest time that a request which only reads may take.
    pub fn timeout(&self) -> Duration {
        self.outbound.timeout()
    }

    /// How long the provider asks not to be called, after an answer that may be a good one. `None` if it does not ask.
    pub fn asked_to_wait(&self, provider: &Provider, answer: &Answer) -> Option<Duration> {
        let stated = prober::asked_to_wait(provider, answer, self.environment.now());
        stated.or_else(|| prober::is_limited(provider, answer).then_some(UNSTATED_WAIT))
    }

    /// Whether an answer means that there were too many requests.
    pub fn is_limited(&self, provider: &Provider, answer: &Answer) -> bool {
        prober::is_limited(provider, answer)
    }
}
