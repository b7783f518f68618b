//! Tries the examples of an action: what comes of their inputs and of their answers must be what they say.

mod compare;

use serde_json::{Map, Value};

use self::compare::{compare, compare_kept, compare_outcome};
use super::rest::Rest;
use crate::action::{
    Known, Look, Outcome, RenderedRequest, Shown, amounts, kept, outcome, read_input, render, resolved,
};
use crate::answer_body::AnswerBody;
use crate::catalog::action::{Action, Example, Reading, RequestTemplate};
use crate::catalog::convert::values::to_json;
use crate::catalog::file::{ExampleAnswerTable, ExampleReadingTable, ExampleResolveTable, ExampleTable};
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
        let kept = (&evidence, &steps);
        let request = self.render(&self.action.request, &at, &input, kept, problems)?;
        compare(&self.table.request, &self.action.request, &request, &at, problems);
        if let Some(table) = &self.table.resolve {
            self.with_known(&input, kept, |known| self.look(table, known, problems));
        }
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
            let read = problems.ok(format!("{at}.answer"), read)?;
            compare_kept(table.kept.as_ref(), &read, &format!("{at}.kept"), problems);
            all.extend(read);
        }
        Some(all)
    }

    /// Tries the look for what the request may have done.
    fn look(&self, table: &ExampleResolveTable, known: &Known<'_>, problems: &mut Problems) {
        let at = self.at("resolve");
        let Some((look, resolve)) = Look::of(self.action, known).zip(self.action.resolve.as_ref()) else {
            return problems.add(at, "the action has no `resolve` that can be asked with this input");
        };
        compare(&table.request, &resolve.request, &look.request, &format!("{at}.request"), problems);
        for (index, answer) in table.answers.iter().enumerate() {
            let body = AnswerBody::new(None, answer.body.as_bytes()).json();
            let shown = resolved(self.action, resolve, look.wanted.as_deref(), answer.status, body.as_ref());
            let came = match shown {
                Some(Shown::Found(outcome)) => outcome,
                Some(Shown::Absent) => Outcome::Failed { message: None, status: answer.status },
                None => Outcome::Unknown,
            };
            let keeps = !resolve.keep.is_empty();
            compare_outcome(answer, came, keeps, &format!("{at}.answers.{index}"), problems);
        }
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
        problems.ok(path, self.with_known(input, kept, |known| render(template, known)))
    }

    fn with_known<T>(
        &self,
        input: &Map<String, Value>,
        kept: (&Map<String, Value>, &Map<String, Value>),
        call: impl FnOnce(&Known<'_>) -> T,
    ) -> T {
        let stored =
            |name: &str| self.table.connection.get(name).or_else(|| self.rest.defaults.get(name)).cloned();
        call(&Known {
            inputs: &self.action.inputs,
            input,
            stored: &stored,
            evidence: kept.0,
            steps: kept.1,
            run: RUN,
        })
    }

    /// Compares what an answer means with what the example says.
    fn answer(&self, table: &ExampleAnswerTable, path: &str, problems: &mut Problems) {
        let body = AnswerBody::new(None, table.body.as_bytes());
        let came = outcome(self.action, self.rest.rate_limit, table.status, &body);
        compare_outcome(table, came, !self.action.result.keep.is_empty(), path, problems);
    }
}
