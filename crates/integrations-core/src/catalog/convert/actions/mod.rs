//! The `[[actions]]` of a provider file.

mod example;
mod guard;
mod input;
mod kept;
mod message;
mod request;
mod rest;
mod result;
mod text;
mod usage;

use std::collections::BTreeSet;

use self::input::inputs;
use self::request::{Role, reading, request};
pub(super) use self::rest::Rest;
use self::result::{resolve, result};
use self::text::Scope;
use super::values::unique_name;
use crate::catalog::action::{Action, OtherRequest, Reading};
use crate::catalog::file::{ActionTable, ExampleTable, OtherTable, RequestTable};
use crate::catalog::names::ActionKind;
use crate::catalog::problems::{Problems, optional};
use crate::catalog::provider::tool_name;
use crate::catalog::template::Template;
use crate::permissions::{OTHER_READS, OTHER_WRITES};

/// The longest name of an action among those of all providers. Clients of models drop tools with longer names.
const MAX_TOOL_NAME: usize = 48;

/// The most readings that an approver is shown, and the most that feed the request.
const MAX_READINGS: [(&str, usize); 2] = [("evidence", 3), ("steps", 4)];

/// Reads the actions. Their examples are tried only if nothing else is wrong with the file, and only for its first way,
/// because the actions are the same in all.
pub(super) fn actions(tables: Vec<ActionTable>, rest: &Rest<'_>, problems: &mut Problems) -> Vec<Action> {
    let mut seen = BTreeSet::new();
    let mut read = Vec::new();
    for (index, mut table) in tables.into_iter().enumerate() {
        let path = format!("actions.{index}");
        unique_name(&table.key, &format!("{path}.key"), &mut seen, problems);
        let examples = std::mem::take(&mut table.examples);
        check_examples(&examples, table.kind, &path, problems);
        read.extend(action(table, &path, rest, problems).map(|action| (action, examples)));
    }
    if problems.is_empty() {
        check_settings(&read, rest, problems);
    }
    if problems.is_empty() {
        for (index, (action, _)) in read.iter().enumerate() {
            input::check_defaults(action, &format!("actions.{index}"), problems);
        }
    }
    if !problems.is_empty() {
        return Vec::new();
    }
    let tried = read.into_iter().enumerate().map(|(index, (action, examples))| {
        let path = format!("actions.{index}");
        let examples = if rest.tries_examples { examples } else { Vec::new() };
        let examples = example::examples(&action, examples, &path, rest, problems);
        Action { examples, ..action }
    });
    tried.collect()
}

fn action(table: ActionTable, path: &str, rest: &Rest<'_>, problems: &mut Problems) -> Option<Action> {
    let before = problems.len();
    check_identity(&table, path, rest, problems);
    let inputs = inputs(table.input, &format!("{path}.input"), rest, problems);
    let mut scope = Scope::new(rest.names, &inputs);
    let evidence = readings(&table.evidence, path, 0, &mut scope, rest, problems);
    let steps = readings(&table.steps, path, 1, &mut scope, rest, problems);
    input::check_money(&inputs, &format!("{path}.input"), &scope, problems);
    let role = Role::Own(table.kind);
    let request = request(&table.request, &format!("{path}.request"), role, &scope, rest, problems);
    let result = result(table.result, path, table.kind, &inputs, problems);
    let resolve = table.resolve.map(|table| resolve(table, path, &scope, rest, problems));
    if resolve.is_some() && table.kind == ActionKind::ReadOnly {
        problems.add(format!("{path}.resolve"), "only what changes something needs `resolve`");
    }
    let guards = guard::guards(table.guards, path, &scope, rest, problems);
    let kind = table.kind;
    let message = table.message.map(|table| message::message(table, path, kind, &inputs, problems));
    let also = also(table.also, path, problems);
    let action = Action {
        key: table.key,
        label: table.label,
        description: table.description,
        kind: table.kind,
        allowed_by_default: table.default,
        evidence: evidence?,
        steps: steps?,
        request: request?,
        result: result?,
        resolve: optional(resolve)?,
        message,
        guards: guards?,
        also,
        proof: table.proof,
        examples: Vec::new(),
        inputs,
    };
    if problems.len() == before {
        usage::check_inputs(&action, path, problems);
    }
    Some(action)
}

fn check_identity(table: &ActionTable, path: &str, rest: &Rest<'_>, problems: &mut Problems) {
    for (key, text) in [("label", &table.label), ("description", &table.description)] {
        if text.trim().is_empty() {
            problems.add(format!("{path}.{key}"), "must not be empty");
        }
    }
    if [OTHER_READS, OTHER_WRITES].contains(&table.key.as_str()) {
        problems.add(format!("{path}.key"), "is the permission of what no action stands for");
    }
    let name = tool_name(rest.provider, &table.key);
    if name.len() > MAX_TOOL_NAME {
        let message = format!("`{name}` has more than {MAX_TOOL_NAME} characters");
        problems.add(format!("{path}.key"), message);
    }
    if table.default && table.kind != ActionKind::ReadOnly {
        let message = "only a read_only action can be permitted by default";
        problems.add(format!("{path}.default"), message);
    }
    if table.proof.iter().all(|proof| proof.trim().is_empty()) {
        let message = "needs `proof`: the packages or pages that the examples were checked against";
        problems.add(format!("{path}.proof"), message);
    }
}

/// Reads the evidence or the steps. What each keeps can be used by those after it.
fn readings(
    tables: &[RequestTable],
    path: &str,
    which: usize,
    scope: &mut Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Vec<Reading>> {
    let (key, most) = MAX_READINGS[which];
    if tables.len() > most {
        problems.add(format!("{path}.{key}"), format!("more than {most}"));
    }
    let mut readings = Vec::new();
    for (index, table) in tables.iter().enumerate() {
        let path = format!("{path}.{key}.{index}");
        let read = reading(table, &path, scope, rest, problems);
        let kept = read.as_ref().map(|reading| reading.keep.as_slice()).unwrap_or_default();
        let kept: Vec<(String, bool)> = match &read {
            Some(_) => kept.iter().map(|kept| (kept.name.clone(), kept.optional)).collect(),
            // What is wrong with it was told. Its names are taken as they were meant.
            None => table.keep.iter().flatten().map(|(name, _)| (name.clone(), false)).collect(),
        };
        for (name, optional) in kept {
            if !scope.keep(key, name.clone(), optional) {
                problems.add(format!("{path}.keep.{name}"), format!("`{name}` is kept twice"));
            }
        }
        readings.push(read);
    }
    readings.into_iter().collect()
}

fn also(tables: Vec<OtherTable>, path: &str, problems: &mut Problems) -> Vec<OtherRequest> {
    let read = |(index, table): (usize, OtherTable)| {
        let path = format!("{path}.also.{index}.path");
        problems.ok(path.as_str(), Template::parse(&table.path));
        request::check_path(&table.path, &path, problems);
        OtherRequest { method: table.method, path: table.path, operation: table.operation }
    };
    tables.into_iter().enumerate().map(read).collect()
}

/// Checks that every setting is used, or retired and not used. A secret one verifies the provider's events, which are
/// no actions.
fn check_settings(actions: &[(Action, Vec<ExampleTable>)], rest: &Rest<'_>, problems: &mut Problems) {
    let used: BTreeSet<&str> = actions.iter().flat_map(|(action, _)| usage::settings(action)).collect();
    for (index, setting) in rest.settings.iter().enumerate() {
        match (used.contains(setting.key.as_str()), setting.is_retired) {
            (false, false) if !setting.is_secret => problems.add(
                format!("settings.{index}.key"),
                format!(
                    "`{}` is used by no guard and no input: use it, or mark it `retired = true`",
                    setting.key
                ),
            ),
            (true, true) => problems
                .add(format!("settings.{index}.retired"), format!("`{}` is used by an action", setting.key)),
            _ => {}
        }
    }
}

/// Checks that there are the examples that an action needs.
fn check_examples(examples: &[ExampleTable], kind: ActionKind, path: &str, problems: &mut Problems) {
    use crate::catalog::file::ExampleOutcome::{Accepted, Failed, Succeeded};
    if examples.is_empty() {
        problems.add(path, "an action needs at least one [[actions.examples]]");
        return;
    }
    let has = |outcomes: &[crate::catalog::file::ExampleOutcome]| {
        let mut answers = examples.iter().flat_map(|example| &example.answers);
        answers.any(|answer| outcomes.contains(&answer.outcome))
    };
    let message = match (has(&[Succeeded, Accepted]), has(&[Failed]) || kind == ActionKind::ReadOnly) {
        (true, true) => return,
        (false, _) => "the examples need an answer to a call that succeeded",
        (true, false) => "the examples need an answer of the provider that refuses the call",
    };
    problems.add(format!("{path}.examples"), message);
}
