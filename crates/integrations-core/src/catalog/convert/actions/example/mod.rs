//! Tries the examples of an action: what comes of their inputs and of their answers must be what they say.

mod compare;

use serde_json::{Map, Value};

use self::compare::{compare, differ, read_json, without_nulls};
use super::rest::Rest;
use crate::action::{Known, Outcome, RenderedRequest, amounts, kept, outcome, read_input, render};
use crate::answer_body::AnswerBody;
use crate::catalog::action::{Action, Example, Reading, RequestTemplate};
use crate::catalog::convert::values::to_json;
use crate::catalog::file::{ExampleAnswerTable, ExampleOutcome, ExampleReadingTable, ExampleTable};
use crate::catalog::problems::Problems;
use crate::issue::Issue;

/// The run's id in examples.
const RUN: &str = "run_1";

/// Tries the examples of an action. What does not come out as it says is told at its place.
pub(super) fn examples(
    action: &Action,
    tables: Vec<ExampleTable>,
    path: &str,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Vec<Example> {
    let tried = tables.into_iter().enumerate().filter_map(|(index, table)| {
        let path = format!("{path}.examples.{index}");
        let (input, request) = Trial { action, rest, table: &table, path: &path }.run(problems)?;
        Some(Example { name: table.name, input, request })
    });
    tried.collect()
}

struct Trial<'a> {
    action: &'a Action,
    rest: &'a Rest<'a>,
    table: &'a ExampleTable,
    path: &'a str,
}

impl Trial<'_> {
    /// The caller's input and the request that comes of it. `None`: it could not be written.
    fn run(&self, problems: &mut Problems) -> Option<(Map<String, Value>, RenderedRequest)> {
        if self.table.name.trim().is_empty() {
            problems.add(self.at("name"), "must not be empty");
        }
        for (index, answer) in self.table.answers.iter().enumerate() {
            self.answer(answer, &self.at(&format!("answers.{index}")), problems);
        }
        if self.table.answers.is_empty() {
            problems.add(self.at("answers"), "an example needs at least one answer");
        }
        let settings = self.object("settings", &self.table.settings, problems)?;
        let wrong = self.rest.schema.map(|schema| schema.check(&settings)).unwrap_or_default();
        self.told(if wrong.is_empty() { Ok(()) } else { Err(wrong) }, problems)?;
        let given = self.object("input", &self.table.input, problems)?;
        let mut input = self.told(read_input(self.action, &given.clone().into(), &settings), problems)?;
        let nothing = Map::new();
        let evidence = self.readings("evidence", &input, &nothing, problems)?;
        let steps = self.readings("steps", &input, &evidence, problems)?;
        self.told(amounts(self.action, &mut input, &evidence, &steps), problems)?;
        let at = self.at("request");
        let request = self.render(&self.action.request, &at, &input, (&evidence, &steps), problems)?;
        compare(&self.table.request, &self.action.request, &request, &at, problems);
        Some((given, request))
    }

    fn at(&self, key: &str) -> String {
        format!("{}.{key}", self.path)
    }

    fn told<T>(&self, read: Result<T, Vec<Issue>>, problems: &mut Problems) -> Option<T> {
        let issues = match read {
            Ok(read) => return Some(read),
            Err(issues) => issues,
        };
        issues.into_iter().for_each(|issue| problems.add(self.at(&issue.path), issue.message));
        None
    }

    fn object(&self, key: &str, table: &toml::Table, problems: &mut Problems) -> Option<Map<String, Value>> {
        match problems.ok(self.at(key), to_json(&toml::Value::Table(table.clone())))? {
            Value::Object(map) => Some(map),
            _ => None,
        }
    }

    /// What is kept of the answers to the `evidence` or the `steps`.
    fn readings(
        &self,
        key: &str,
        input: &Map<String, Value>,
        evidence: &Map<String, Value>,
        problems: &mut Problems,
    ) -> Option<Map<String, Value>> {
        let (readings, tables): (&[Reading], &[ExampleReadingTable]) = match key {
            "evidence" => (&self.action.evidence, &self.table.evidence),
            _ => (&self.action.steps, &self.table.steps),
        };
        if readings.len() != tables.len() {
            let message = format!("needs an answer to each of the {} {key} of the action", readings.len());
            problems.add(self.at(key), message);
            return None;
        }
        let mut all = Map::new();
        for (index, (reading, table)) in readings.iter().zip(tables).enumerate() {
            let at = self.at(&format!("{key}.{index}"));
            let known = if key == "evidence" { (&all, evidence) } else { (evidence, &all) };
            let path = format!("{at}.request");
            let request = self.render(&reading.request, &path, input, known, problems)?;
            compare(&table.request, &reading.request, &request, &path, problems);
            let body = AnswerBody::new(None, table.answer.as_bytes()).json();
            let read = kept(reading, table.status, body.as_ref());
            all.extend(problems.ok(format!("{at}.answer"), read)?);
        }
        Some(all)
    }

    /// `kept` is what was kept of evidence and steps.
    fn render(
        &self,
        template: &RequestTemplate,
        path: &str,
        input: &Map<String, Value>,
        kept: (&Map<String, Value>, &Map<String, Value>),
        problems: &mut Problems,
    ) -> Option<RenderedRequest> {
        let stored =
            |name: &str| self.table.connection.get(name).or_else(|| self.rest.defaults.get(name)).cloned();
        let known = Known {
            inputs: &self.action.inputs,
            input,
            stored: &stored,
            evidence: kept.0,
            steps: kept.1,
            run: RUN,
        };
        problems.ok(path, render(template, &known))
    }

    /// Compares what an answer means with what the example says.
    fn answer(&self, table: &ExampleAnswerTable, path: &str, problems: &mut Problems) {
        let body = AnswerBody::new(None, table.body.as_bytes());
        let (word, result, error) = match outcome(self.action, self.rest.rate_limit, table.status, &body) {
            Outcome::Succeeded { result, .. } => (ExampleOutcome::Succeeded, Some(result), None),
            Outcome::Accepted { result } => (ExampleOutcome::Accepted, Some(result), None),
            Outcome::Failed { message, .. } => (ExampleOutcome::Failed, None, message),
            Outcome::Unknown => (ExampleOutcome::Unknown, None, None),
            Outcome::RateLimited => (ExampleOutcome::RateLimited, None, None),
            Outcome::Unauthorized => (ExampleOutcome::Unauthorized, None, None),
            Outcome::Unavailable => (ExampleOutcome::Unavailable, None, None),
        };
        if word != table.outcome {
            problems.add(format!("{path}.outcome"), format!("expected {}, got {word}", table.outcome));
            return;
        }
        if table.error.is_some() && table.error != error {
            let got = error.as_deref().unwrap_or("nothing");
            problems.add(format!("{path}.error"), format!("got {got}"));
        }
        let expected =
            table.result.as_ref().map(|value| problems.ok(format!("{path}.result"), read_json(value)));
        let (Some(result), Some(expected)) = (result, expected) else {
            if table.result.is_none() && !self.action.result.keep.is_empty() && has_result(word) {
                problems.add(path, "needs `result`: what the caller gets");
            } else if table.result.is_some() && !has_result(word) {
                problems.add(format!("{path}.result"), "only what was done has a result");
            }
            return;
        };
        let Some(expected) = expected.map(without_nulls) else { return };
        let result = without_nulls(result);
        if result != expected {
            problems.add(format!("{path}.result"), differ(&expected, &result));
        }
    }
}

fn has_result(outcome: ExampleOutcome) -> bool {
    matches!(outcome, ExampleOutcome::Succeeded | ExampleOutcome::Accepted)
}
