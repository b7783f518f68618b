//! Tries a provider's file at the provider itself: its probe, and its actions that only read.
//!
//! What is told of it can be passed on: of the credential and of the provider's answers it has nothing but statuses,
//! and the names and kinds of what an action returns.

use std::sync::Arc;

use integrations_core::{
    action::{Known, Outcome, ReadingProblem, kept, outcome, read_input, render},
    catalog::{
        ActionKind, Provider,
        action::{Action, Reading, RequestTemplate},
    },
    health::Verdict,
    issue::Issue,
    oauth::Grant,
};
use serde_json::{Map, Value};

use super::{actions::secrets::Secrets, install::import::Given};
use crate::{
    environment::Environment,
    provider::{
        action_caller::{ActionCaller, ActionRequest, Sent},
        outbound::{Answer, Outbound},
        prober::Prober,
        token_issuer::TokenIssuer,
    },
};

/// Something that was tried, or was not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What: `token`, `probe`, `account` or an action's key.
    pub name: String,
    /// The method and the path with its placeholders, for an action.
    pub request: Option<String>,
    /// How it ended.
    pub ended: Ended,
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// As the file says.
    Well(String),
    /// Otherwise.
    Badly(String),
    /// It was not tried, for this reason.
    Untried(String),
}

/// A trial of a provider.
pub struct Trial {
    given: Given,
    inputs: Map<String, Value>,
    outbound: Outbound,
    environment: Environment,
}

/// What is known when a request is written: the input, and what was kept of evidence and steps.
#[derive(Clone, Copy)]
struct Found<'a> {
    input: &'a Map<String, Value>,
    evidence: &'a Map<String, Value>,
    steps: &'a Map<String, Value>,
}

impl Trial {
    /// A trial with a credential and inputs by the actions' keys.
    pub fn new(
        given: Given,
        inputs: Map<String, Value>,
        outbound: Outbound,
        environment: Environment,
    ) -> Self {
        Self { given, inputs, outbound, environment }
    }

    /// Tries everything, one after the other, and tells of each at once.
    pub async fn run<E>(mut self, mut tell: impl FnMut(Step) -> Result<(), E>) -> Result<(), E> {
        let provider = Arc::clone(&self.given.account.provider);
        let step = |name: &str, ended| Step { name: name.to_owned(), request: None, ended };
        let mut granted = None;
        if let Some(got) = self.token(&provider).await {
            let ended = match got {
                Ok(Grant { credential, answer, .. }) => {
                    self.given.credential.extend(credential);
                    granted = Some(answer);
                    Ended::Well("got one".to_owned())
                }
                Err(problem) => Ended::Badly(self.hidden(&problem)),
            };
            tell(step("token", ended))?;
        }
        let (probed, account, is_refused) = self.probe(&provider, granted.as_ref()).await;
        tell(step("probe", probed))?;
        if let Some(account) = account {
            tell(step("account", account))?;
        }
        for action in &*provider.actions {
            let ended = match action.kind {
                ActionKind::ReadOnly if is_refused => Ended::Untried("the credential is refused".to_owned()),
                ActionKind::ReadOnly => self.action(&provider, action).await,
                ActionKind::Write | ActionKind::Destructive => {
                    Ended::Untried("it may change something".to_owned())
                }
            };
            let request = action.requests().first().map(|first| format!("{} {}", first.method, first.path));
            tell(Step { name: action.key.clone(), request, ended })?;
        }
        Ok(())
    }

    /// Gets a token for what was typed. `None`: the file says of none.
    async fn token(&self, provider: &Provider) -> Option<Result<Grant, String>> {
        let issuer = TokenIssuer::of(provider, &self.given.connection, &self.given.credential)?;
        Some(match issuer.fetch(&self.outbound, &self.environment).await {
            Ok(issued) => issuer.read(&issued, self.environment.now()).map_err(|problem| problem.to_string()),
            Err(problem) => Err(problem.to_string()),
        })
    }

    /// Asks whether the credential works, and whose it is. Says, too, whether it is refused.
    async fn probe(&self, provider: &Provider, granted: Option<&Value>) -> (Ended, Option<Ended>, bool) {
        let prober = Prober::new(self.outbound.clone(), self.environment.clone());
        let Given { connection, credential, .. } = &self.given;
        let findings = prober.probe(provider, connection, credential, granted).await;
        let probed = match &findings.verdict {
            Verdict::Well => Ended::Well("the credential works".to_owned()),
            Verdict::Degraded { message } | Verdict::Dead { message } => Ended::Badly(self.hidden(message)),
            Verdict::Unasked => Ended::Untried("the file has no probe".to_owned()),
        };
        let is_asked = matches!(findings.verdict, Verdict::Well | Verdict::Unasked);
        let account = provider.account.as_ref().filter(|_| is_asked).map(|_| match findings.account {
            Some(_) => Ended::Well("it was found".to_owned()),
            None => Ended::Badly("it was not found in the answer".to_owned()),
        });
        (probed, account, matches!(findings.verdict, Verdict::Dead { .. }))
    }

    /// Calls an action that only reads.
    async fn action(&self, provider: &Provider, action: &Action) -> Ended {
        let given = self.inputs.get(&action.key);
        let input = match read_input(action, given.unwrap_or(&Map::new().into()), &Map::new()) {
            Ok(input) => input,
            Err(issues) => {
                let words = issues.iter().map(Issue::to_string).collect::<Vec<_>>().join("; ");
                return if given.is_none() { Ended::Untried(words) } else { Ended::Badly(words) };
            }
        };
        match self.call(provider, action, &input).await {
            Ok(answer) => judged(provider, action, &answer),
            Err(why) => Ended::Badly(self.hidden(&why)),
        }
    }

    async fn call(
        &self,
        provider: &Provider,
        action: &Action,
        input: &Map<String, Value>,
    ) -> Result<Answer, String> {
        let (mut evidence, mut steps) = (Map::new(), Map::new());
        for reading in &action.evidence {
            let found = Found { input, evidence: &evidence, steps: &steps };
            let read = self.reading(provider, action, reading, found).await?;
            evidence.extend(read);
        }
        for reading in &action.steps {
            let found = Found { input, evidence: &evidence, steps: &steps };
            let read = self.reading(provider, action, reading, found).await?;
            steps.extend(read);
        }
        let found = Found { input, evidence: &evidence, steps: &steps };
        self.send(provider, action, &action.request, found).await
    }

    async fn reading(
        &self,
        provider: &Provider,
        action: &Action,
        reading: &Reading,
        found: Found<'_>,
    ) -> Result<Map<String, Value>, String> {
        let answer = self.send(provider, action, &reading.request, found).await?;
        kept(reading, answer.status, answer.body().json().as_ref()).map_err(|problem| match problem {
            // The provider's words may be about people.
            ReadingProblem::Refused { status, .. } => {
                format!("a request before it ended with status {status}")
            }
            problem => format!("a request before it: {problem}"),
        })
    }

    async fn send(
        &self,
        provider: &Provider,
        action: &Action,
        request: &RequestTemplate,
        Found { input, evidence, steps }: Found<'_>,
    ) -> Result<Answer, String> {
        let Given { connection, credential, .. } = &self.given;
        let stored = |name: &str| provider.placeholder(connection, credential, name).map(str::to_owned);
        let run = self.environment.id();
        let id = format!("{run}");
        let known = Known { inputs: &action.inputs, input, stored: &stored, evidence, steps, run: &id };
        let request = render(request, &known).map_err(|problem| problem.to_string())?;
        let caller = ActionCaller::new(self.outbound.clone(), self.environment.clone());
        let request =
            ActionRequest { provider, connection, credential, request: &request, run, writes: false };
        match caller.send(request, caller.timeout()).await {
            Sent::Answer(answer) => answer.cut_off.map_or(Ok(answer), |why| Err(why.to_string())),
            Sent::Nothing(why) | Sent::Lost(why) => Err(why.to_string()),
        }
    }

    /// Words without the credential, whoever repeats it.
    fn hidden(&self, words: &str) -> String {
        let Given { account, connection, credential } = &self.given;
        Secrets::of(&account.provider, connection, credential).hide_in_text(words)
    }
}

/// What an answer to an action is, without its values.
fn judged(provider: &Provider, action: &Action, answer: &Answer) -> Ended {
    let status = answer.status;
    let bad = |words: &str| Ended::Badly(format!("status {status}: {words}"));
    match outcome(action, &provider.rate_limit, status, &answer.body()) {
        Outcome::Succeeded { result, .. } => Ended::Well(format!("status {status}: {}", kinds(&result))),
        Outcome::Accepted { .. } => Ended::Well(format!("status {status}: accepted")),
        Outcome::Failed { .. } => bad("the provider says that it was not done"),
        Outcome::Unknown => bad("the answer does not show whether it was done"),
        Outcome::RateLimited => bad("too many requests"),
        Outcome::Unauthorized => bad("the credential is refused"),
        Outcome::Unavailable => bad("the provider has trouble"),
    }
}

/// The names of a result, which are the file's, with the kind of what was found for each.
fn kinds(result: &Value) -> String {
    let kind = |value: &Value| match value {
        Value::Null => "nothing".to_owned(),
        Value::Bool(_) => "yes or no".to_owned(),
        Value::Number(_) => "a number".to_owned(),
        Value::String(_) => "a text".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
    };
    let members = result.as_object().into_iter().flatten();
    members.map(|(name, value)| format!("{name} is {}", kind(value))).collect::<Vec<_>>().join(", ")
}
