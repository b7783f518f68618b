//! Asks the provider for what must be known before a call is decided on and its request is written.

use integrations_core::{
    action::{Known, ReadingProblem, RenderProblem, kept, render},
    catalog::action::{Action, Reading},
    health::NoAnswer,
    issue::{Issue, join},
};
use serde_json::{Map, Value};

use super::{CallError, delivery::Delivery};
use crate::provider::{action_caller::Sent, outbound::Answer};

/// What was read.
#[derive(Debug, Default)]
pub(super) struct Readings {
    /// For guards and approvers.
    pub(super) evidence: Map<String, Value>,
    /// For the request.
    pub(super) steps: Map<String, Value>,
}

impl Delivery {
    /// Reads the evidence and then the steps of an action. Each may use what those before it found.
    pub(super) async fn readings(
        &mut self,
        action: &Action,
        input: &Map<String, Value>,
    ) -> Result<Readings, CallError> {
        let mut readings = self.evidence(action, input).await?;
        for reading in &action.steps {
            let found = self.reading(action, input, reading, &readings).await?;
            readings.steps.extend(found);
        }
        Ok(readings)
    }

    /// Reads the evidence alone.
    pub(super) async fn evidence(
        &mut self,
        action: &Action,
        input: &Map<String, Value>,
    ) -> Result<Readings, CallError> {
        let mut readings = Readings::default();
        for reading in &action.evidence {
            let found = self.reading(action, input, reading, &readings).await?;
            readings.evidence.extend(found);
        }
        Ok(readings)
    }

    async fn reading(
        &mut self,
        action: &Action,
        input: &Map<String, Value>,
        reading: &Reading,
        before: &Readings,
    ) -> Result<Map<String, Value>, CallError> {
        let run = self.run.to_string();
        let rendered = {
            let stored = |name: &str| self.opened.stored(name);
            let Readings { evidence, steps } = before;
            let known = Known { inputs: &action.inputs, input, stored: &stored, evidence, steps, run: &run };
            render(&reading.request, &known).map_err(|problem| unwritten(action, &problem))?
        };
        match self.read(&rendered).await {
            Sent::Nothing(why) | Sent::Lost(why) => Err(self.unavailable(why)),
            Sent::Answer(answer) => self.read_answer(reading, &answer),
        }
    }

    fn read_answer(&self, reading: &Reading, answer: &Answer) -> Result<Map<String, Value>, CallError> {
        let (provider, integration) = (self.opened.provider(), self.opened.loaded.integration.id);
        if self.actions.0.caller.is_limited(provider, answer) {
            let seconds = self.actions.0.waits.left(integration).unwrap_or(1);
            return Err(CallError::Limited { provider: provider.name.clone(), seconds });
        }
        if let Some(why) = answer.cut_off {
            return Err(self.unavailable(why));
        }
        if answer.status >= 500 {
            let message =
                format!("{} has trouble (status {}); nothing was done", provider.name, answer.status);
            return Err(CallError::Unavailable(message));
        }
        let found = kept(reading, answer.status, answer.body().json().as_ref());
        found.map(|found| self.opened.secrets.hide_in(found)).map_err(|problem| {
            let words = match &problem {
                ReadingProblem::Refused { message: Some(message), .. } => message.clone(),
                ReadingProblem::Missing(words) => words.clone(),
                problem => format!("{}: {problem}", provider.name),
            };
            let message = self.secrets().hide_in_text(&words);
            CallError::Refused { message, provider_status: Some(answer.status) }
        })
    }

    fn unavailable(&self, why: NoAnswer) -> CallError {
        CallError::Unavailable(format!("{} {why}; nothing was done", self.opened.provider().name))
    }
}

/// A request cannot be written with this input. The problem names the input.
pub(super) fn unwritten(action: &Action, problem: &RenderProblem) -> CallError {
    let (RenderProblem::Missing(name)
    | RenderProblem::Path(name)
    | RenderProblem::NotText(name)
    | RenderProblem::Control(name)
    | RenderProblem::Currency(name)) = problem;
    let is_input = action.inputs.iter().any(|input| input.key == *name);
    let path = if is_input { join("input", name) } else { "input".to_owned() };
    CallError::Input(vec![Issue::new(path, problem.to_string())])
}
