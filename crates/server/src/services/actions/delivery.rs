//! Sends the requests of a run.

use std::time::Duration;

use integrations_core::{action::RenderedRequest, catalog::action::Action, health::NoAnswer, ids::RunId};
use serde_json::{Map, Value};
use tokio::time::Instant;

use super::{Actions, opened::Opened, secrets::Secrets};
use crate::{
    provider::{
        action_caller::{ActionRequest, Sent},
        outbound::Answer,
    },
    store::Tenant,
};

/// The pauses before what only reads is sent again.
const PAUSES: [Duration; 2] = [Duration::from_millis(250), Duration::from_secs(1)];
/// The longest wait that a provider may ask for before what only reads is sent again.
const SHORT_WAIT: Duration = Duration::from_secs(5);

/// Sends the requests of one run.
#[derive(Debug)]
pub(super) struct Delivery {
    pub(super) actions: Actions,
    pub(super) tenant: Tenant,
    pub(super) run: RunId,
    pub(super) opened: Opened,
    /// What of the input is not shown.
    hidden: Secrets,
    /// When no more is sent.
    deadline: Instant,
    /// Whether the credential was renewed for this run. It is renewed once.
    is_renewed: bool,
}

impl Delivery {
    /// A delivery of the requests of an action with this input, until `deadline`.
    pub(super) fn new(
        actions: &Actions,
        tenant: Tenant,
        run: RunId,
        opened: Opened,
        (action, input): (&Action, &Map<String, Value>),
        deadline: Instant,
    ) -> Self {
        let hidden = Secrets::of_input(action, input);
        Self { actions: actions.clone(), tenant, run, opened, hidden, deadline, is_renewed: false }
    }

    /// What is taken out of a result and of a provider's words.
    pub(super) fn secrets(&self) -> Secrets {
        self.opened.secrets.clone().and(self.hidden.clone())
    }

    /// The same with another deadline.
    pub(super) fn until(self, deadline: Instant) -> Self {
        Self { deadline, ..self }
    }

    /// Sends a request that changes nothing, and again where that may help: if no answer came, if the provider has
    /// trouble, or if it asks for a short wait.
    pub(super) async fn read(&mut self, request: &RenderedRequest) -> Sent {
        let mut pauses = PAUSES.into_iter();
        loop {
            let sent = self.send(request, false).await;
            let Some(usual) = pauses.next() else { return sent };
            let pause = match &sent {
                Sent::Nothing(_) | Sent::Lost(_) => usual,
                Sent::Answer(answer) => match self.wait_to_repeat(answer, usual) {
                    Some(pause) => pause,
                    None => return sent,
                },
            };
            if Instant::now() + pause >= self.deadline {
                return sent;
            }
            self.actions.environment.pause(pause).await;
        }
    }

    /// How long to wait before a request is sent again that got this answer. `None`: that would not help.
    fn wait_to_repeat(&self, answer: &Answer, usual: Duration) -> Option<Duration> {
        let (caller, provider) = (&self.actions.0.caller, self.opened.provider());
        if caller.is_limited(provider, answer) {
            return caller.asked_to_wait(provider, answer).filter(|wait| *wait <= SHORT_WAIT);
        }
        (answer.is_broken() || answer.status >= 500).then_some(usual)
    }

    /// Sends a request. If the provider refuses the credential, it is renewed, and the request is sent again, once.
    pub(super) async fn send(&mut self, request: &RenderedRequest, writes: bool) -> Sent {
        let sent = self.send_once(request, writes).await;
        let is_refused = matches!(&sent, Sent::Answer(answer) if answer.status == 401);
        if is_refused && !self.is_renewed && self.renew().await {
            return self.send_once(request, writes).await;
        }
        sent
    }

    async fn send_once(&self, request: &RenderedRequest, writes: bool) -> Sent {
        let caller = &self.actions.0.caller;
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Sent::Nothing(NoAnswer::TimedOut);
        }
        let time = if writes { left } else { left.min(caller.timeout()) };
        let Opened { connection, credential, .. } = &self.opened;
        let provider = self.opened.provider();
        let to = ActionRequest { provider, connection, credential, request, run: self.run, writes };
        let sent = caller.send(to, time).await;
        if let Sent::Answer(answer) = &sent
            && let Some(wait) = caller.asked_to_wait(provider, answer)
        {
            self.actions.0.waits.hold(self.opened.loaded.integration.id, wait);
        }
        sent
    }

    /// Has the credential checked, and renewed if that is needed, and opens it again. `false`: it does not work.
    async fn renew(&mut self) -> bool {
        self.is_renewed = true;
        match self.actions.renewed(&self.tenant, &mut self.opened).await {
            Some(opened) => {
                self.opened = opened;
                true
            }
            None => false,
        }
    }
}
