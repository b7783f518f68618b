//! Tries a provider's file at the provider itself: its probe, and its actions that only read.
//!
//! What is told of it can be passed on: of the credential and of the provider's answers it has nothing but statuses,
//! and the names and kinds of what an action returns.

use std::{collections::BTreeSet, sync::Arc};

use integrations_core::{
    action::{Known, Outcome, ReadingProblem, RenderProblem, kept, outcome, read_input, render},
    catalog::{
        AccountSource, ActionKind, FetchedToken, Provider,
        action::{Action, Reading, RequestTemplate},
    },
    health::Verdict,
    issue::Issue,
    oauth::{Grant, TokenProblem},
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

/// The codes of RFC 6749, section 5.2.
const ERRORS: [&str; 6] = [
    "invalid_request",
    "invalid_client",
    "invalid_grant",
    "unauthorized_client",
    "unsupported_grant_type",
    "invalid_scope",
];

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
    prober: Prober,
    caller: ActionCaller,
    outbound: Outbound,
    environment: Environment,
    /// Why nothing more is asked.
    ends: Option<String>,
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
        let prober = Prober::new(outbound.clone(), environment.clone());
        let caller = ActionCaller::new(outbound.clone(), environment.clone());
        Self { given, inputs, prober, caller, outbound, environment, ends: None }
    }

    /// The hosts that are asked, sorted. A provider's file names them, whoever wrote it.
    pub fn hosts(&self) -> Vec<String> {
        let Given { account, connection, credential, .. } = &self.given;
        let provider = &account.provider;
        let value = |name: &str| provider.placeholder(connection, credential, name);
        let calls = provider.fetched().and_then(FetchedToken::calls);
        let of_tokens = calls.into_iter().flat_map(|calls| [Some(&calls.first), calls.refresh.as_ref()]);
        let of_account = provider.account.as_ref().and_then(|account| account.profile.as_ref());
        let urls = [
            Some(&provider.api_base_url),
            provider.probe.request().map(|probe| &probe.call.url),
            of_account.map(|call| &call.url),
        ];
        let urls = urls.into_iter().chain(of_tokens.map(|call| call.map(|call| &call.url))).flatten();
        let hosts = urls.filter_map(|url| Some(url.render(value).ok()?.host_str()?.to_owned()));
        hosts.collect::<BTreeSet<_>>().into_iter().collect()
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
                Err(problem) => {
                    self.ends = Some("there is no token".to_owned());
                    Ended::Badly(self.hidden(&problem))
                }
            };
            tell(step("token", ended))?;
        }
        let (probed, account) = self.probe(&provider, granted.as_ref()).await;
        tell(step("probe", probed))?;
        if let Some(account) = account {
            tell(step("account", account))?;
        }
        for action in &*provider.actions {
            let ended = match (action.kind, &self.ends) {
                (ActionKind::Write | ActionKind::Destructive, _) => {
                    Ended::Untried("it may change something".to_owned())
                }
                (ActionKind::ReadOnly, Some(why)) => Ended::Untried(why.clone()),
                (ActionKind::ReadOnly, None) => self.action(&provider, action).await,
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
            Ok(issued) => issuer
                .read(&issued, self.environment.now())
                .map_err(|problem| without_their_words(provider, &problem)),
            Err(problem) => Err(problem.to_string()),
        })
    }

    /// Asks whether the credential works, and whose it is.
    async fn probe(&mut self, provider: &Provider, granted: Option<&Value>) -> (Ended, Option<Ended>) {
        if let Some(why) = &self.ends {
            return (Ended::Untried(why.clone()), None);
        }
        let Given { connection, credential, .. } = &self.given;
        let findings = match granted {
            Some(granted) => self.prober.probe_granted(provider, connection, credential, granted).await,
            None => self.prober.probe(provider, connection, credential, None).await,
        };
        let probed = match &findings.verdict {
            Verdict::Well => Ended::Well("the credential works".to_owned()),
            Verdict::Degraded { message } => Ended::Badly(self.hidden(message)),
            Verdict::Dead { message }
                if self.given.expires_at().is_some_and(|at| at <= self.environment.now()) =>
            {
                let message = self.hidden(message);
                Ended::Badly(format!("{message}. The access token has expired, and a trial renews none"))
            }
            Verdict::Dead { message } => Ended::Badly(self.hidden(message)),
            Verdict::Unasked => Ended::Untried("the file has no probe".to_owned()),
        };
        let is_asked = matches!(findings.verdict, Verdict::Well | Verdict::Unasked);
        let account = provider.account.as_ref().filter(|_| is_asked);
        let account = account.map(|account| match (&findings.account, account.source) {
            (Some(_), _) => Ended::Well("it was found".to_owned()),
            (None, AccountSource::Token) if granted.is_none() => {
                Ended::Untried("only the answer at logging in names it".to_owned())
            }
            (None, _) => Ended::Badly("it was not found in the answer".to_owned()),
        });
        if matches!(findings.verdict, Verdict::Dead { .. }) {
            self.ends = Some("the credential is refused".to_owned());
        } else if let Some(wait) = findings.wait {
            self.ends = Some(format!("the provider asks to wait {} s", wait.as_secs()));
        }
        (probed, account)
    }

    /// Calls an action that only reads.
    async fn action(&mut self, provider: &Provider, action: &Action) -> Ended {
        let given = self.inputs.get(&action.key);
        let input =
            match read_input(action, given.unwrap_or(&Map::new().into()), &self.given.configuration.settings)
            {
                Ok(input) => input,
                Err(issues) => {
                    let words = issues.iter().map(Issue::to_string).collect::<Vec<_>>().join("; ");
                    return if given.is_none() { Ended::Untried(words) } else { Ended::Badly(words) };
                }
            };
        let answer = match self.call(provider, action, &input).await {
            Ok(answer) => answer,
            Err(ended) => return ended,
        };
        if self.caller.is_limited(provider, &answer) {
            self.ends = Some("the provider takes no more requests for now".to_owned());
            return Ended::Badly(format!("status {}: too many requests", answer.status));
        }
        judged(provider, action, &answer)
    }

    async fn call(
        &self,
        provider: &Provider,
        action: &Action,
        input: &Map<String, Value>,
    ) -> Result<Answer, Ended> {
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
    ) -> Result<Map<String, Value>, Ended> {
        let answer = self.send(provider, action, &reading.request, found).await?;
        kept(reading, answer.status, answer.body().json().as_ref()).map_err(|problem| match problem {
            // The provider's words may be about people.
            ReadingProblem::Refused { status, .. } => {
                Ended::Badly(format!("a request before it ended with status {status}"))
            }
            problem => Ended::Badly(format!("a request before it: {problem}")),
        })
    }

    async fn send(
        &self,
        provider: &Provider,
        action: &Action,
        request: &RequestTemplate,
        Found { input, evidence, steps }: Found<'_>,
    ) -> Result<Answer, Ended> {
        let Given { connection, credential, .. } = &self.given;
        let stored = |name: &str| provider.placeholder(connection, credential, name).map(str::to_owned);
        let run = self.environment.id();
        let id = format!("{run}");
        let known = Known { inputs: &action.inputs, input, stored: &stored, evidence, steps, run: &id };
        let request = render(request, &known).map_err(|problem| match &problem {
            RenderProblem::Missing(name) if action.inputs.iter().any(|input| input.key == *name) => {
                Ended::Untried(format!("input.{name}: Required"))
            }
            _ => Ended::Badly(problem.to_string()),
        })?;
        let request =
            ActionRequest { provider, connection, credential, request: &request, run, writes: false };
        match self.caller.send(request, self.caller.timeout()).await {
            Sent::Answer(answer) => {
                answer.cut_off.map_or(Ok(answer), |why| Err(Ended::Badly(why.to_string())))
            }
            Sent::Nothing(why) | Sent::Lost(why) => Err(Ended::Badly(why.to_string())),
        }
    }

    /// Words without the credential, whoever repeats it.
    fn hidden(&self, words: &str) -> String {
        let Given { account, connection, credential, .. } = &self.given;
        Secrets::of(&account.provider, connection, credential).hide_in_text(words)
    }
}

/// What is wrong with the answer to a request for a token, without the provider's own words: they may repeat what was
/// sent, whole or in part. A code that the file or RFC 6749 knows is no secret.
fn without_their_words(provider: &Provider, problem: &TokenProblem) -> String {
    let is_known = |code: &String| {
        let of_file = provider.tokens().is_some_and(|rules| rules.answer.dead_errors.contains(code));
        of_file || ERRORS.contains(&code.as_str())
    };
    match problem {
        TokenProblem::Refused { code, .. } if is_known(code) => format!("the provider refuses it ({code})"),
        TokenProblem::Refused { .. } => {
            "the provider refuses it, with a code that the file does not know".to_owned()
        }
        TokenProblem::Unaccepted { status, .. } | TokenProblem::Failed { status, .. } => {
            format!("the provider refuses it with status {status}")
        }
        TokenProblem::Unavailable { .. }
        | TokenProblem::NotJson { .. }
        | TokenProblem::Missing { .. }
        | TokenProblem::Invalid { .. } => problem.to_string(),
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

#[cfg(test)]
mod tests {
    use integrations_core::catalog::Catalog;

    use super::*;

    #[test]
    fn the_provider_s_own_words_are_not_told() {
        let catalog = Catalog::embedded().unwrap();
        let provider = catalog.get("hubspot").unwrap();
        let told = |code: &str| {
            let description = Some("SECRET or a half of it".to_owned());
            without_their_words(provider, &TokenProblem::Refused { code: code.to_owned(), description })
        };
        assert_eq!(told("invalid_grant"), "the provider refuses it (invalid_grant)");
        assert_eq!(told("BAD_REFRESH_TOKEN"), "the provider refuses it (BAD_REFRESH_TOKEN)");
        assert_eq!(told("SECRET"), "the provider refuses it, with a code that the file does not know");
        let failed = TokenProblem::Failed { status: 400, description: Some("SECRET".to_owned()) };
        assert_eq!(without_their_words(provider, &failed), "the provider refuses it with status 400");
    }

    #[test]
    fn only_kinds_of_a_result_are_told() {
        let result = serde_json::json!({"a": null, "b": [1, 2], "c": "SECRET", "d": {"e": "SECRET"}, "f": true, "g": 7});
        assert_eq!(
            kinds(&result),
            "a is nothing, b is a list of 2, c is a text, d is an object, f is yes or no, g is a number"
        );
    }
}
