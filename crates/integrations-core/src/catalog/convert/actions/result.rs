//! What the answers to an action's requests mean.

use std::collections::BTreeMap;

use super::kept::keep;
use super::request::{Role, request};
use super::rest::Rest;
use super::text::{Place, Scope, text};
use crate::catalog::action::{ActionInput, AnswerForm, AnswerRules, Find, Resolve, ResolveBy};
use crate::catalog::convert::values::{conditions, pointer, statuses};
use crate::catalog::file::{Absent, RequestTable, ResultTable};
use crate::catalog::names::ActionKind;
use crate::catalog::problems::{Problems, optional};
use crate::catalog::template::JsonPointer;

/// Reads what the answer to an action's own request means. `path` is the action's.
pub(super) fn result(
    table: ResultTable,
    path: &str,
    kind: ActionKind,
    inputs: &[ActionInput],
    problems: &mut Problems,
) -> Option<AnswerRules> {
    check_result(&table, path, kind, inputs, problems);
    let at = |key: &str| format!("{path}.result.{key}");
    let form = table.answer.unwrap_or(AnswerForm::Json);
    let keep = keep(&table.keep, &at("keep"), true, problems);
    let cursor = table.cursor.map(|text| pointer(&at("cursor"), &text, problems));
    let succeeded_when = conditions(&table.succeeded_when, &at("succeeded_when"), problems);
    let accepted_when = conditions(&table.accepted_when, &at("accepted_when"), problems);
    let failed_when = conditions(&table.failed_when, &at("failed_when"), problems);
    let unknown_when = conditions(&table.unknown_when, &at("unknown_when"), problems);
    let done_when = conditions(&table.done_when, &at("done_when"), problems);
    let error: Vec<Option<JsonPointer>> = table
        .error
        .iter()
        .enumerate()
        .map(|(index, text)| pointer(&format!("{}.{index}", at("error")), text, problems))
        .collect();
    Some(AnswerRules {
        form,
        statuses: table.statuses,
        keep: keep?,
        cursor: optional(cursor)?,
        succeeded_when: succeeded_when?,
        accepted_when: accepted_when?,
        failed_when: failed_when?,
        unknown_when: unknown_when?,
        done_when: done_when?,
        error: error.into_iter().collect::<Option<_>>()?,
        unknown_statuses: table.unknown_statuses,
        nothing_done_statuses: table.nothing_done_statuses,
    })
}

fn check_result(
    table: &ResultTable,
    path: &str,
    kind: ActionKind,
    inputs: &[ActionInput],
    problems: &mut Problems,
) {
    let at = |key: &str| format!("{path}.result.{key}");
    let form = table.answer.unwrap_or(AnswerForm::Json);
    let needs_proof = kind != ActionKind::ReadOnly && form == AnswerForm::Json;
    if needs_proof && table.succeeded_when.is_empty() {
        let message = "needs `succeeded_when`: what in the answer shows that it was done";
        problems.add(format!("{path}.result"), message);
    }
    let looks = !table.keep.is_empty() || table.cursor.is_some() || !table.succeeded_when.is_empty();
    if form != AnswerForm::Json && looks {
        problems
            .add(at("answer"), format!("of an answer that is `{form}`, nothing can be kept or looked at"));
    }
    let ranges = [
        ("statuses", &table.statuses, 200..=399),
        ("unknown_statuses", &table.unknown_statuses, 400..=499),
        ("nothing_done_statuses", &table.nothing_done_statuses, 500..=599),
    ];
    for (key, listed, range) in ranges {
        statuses(&at(key), listed, problems);
        if let Some(status) = listed.iter().find(|status| !range.contains(*status)) {
            let (first, last) = (range.start(), range.end());
            problems.add(at(key), format!("{status} is not between {first} and {last}"));
        }
    }
    let input = inputs.iter().position(|input| input.key == "cursor");
    match (&table.cursor, input) {
        (Some(_), None) => {
            problems.add(at("cursor"), "needs an input `cursor`, which the next page is asked with")
        }
        (None, Some(index)) => {
            let message = "the input `cursor` needs `cursor` in `result`: where the next page's is";
            problems.add(format!("{path}.input.{index}.key"), message);
        }
        _ => {}
    }
    if table.keep.contains_key("cursor") {
        problems.add(at("keep"), "`cursor` is kept by `result.cursor`");
    }
}

/// Reads how to find out whether a write was done. `path` is the action's.
pub(super) fn resolve(
    table: RequestTable,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Resolve> {
    let path = format!("{path}.resolve");
    let request = request(&table, &path, Role::Resolve, scope, rest, problems);
    let none = BTreeMap::new();
    let keep = keep(table.keep.as_ref().unwrap_or(&none), &format!("{path}.keep"), true, problems);
    let by = match (&table.find, &table.when, &table.gone_statuses) {
        (Some(places), None, None) => {
            let contains = table.contains.unwrap_or(false);
            find(places, contains, &format!("{path}.find"), scope, problems).map(ResolveBy::Find)
        }
        (None, Some(table), None) => {
            let read = conditions(table, &format!("{path}.when"), problems);
            read.filter(|all| !all.is_empty()).map(ResolveBy::When)
        }
        (None, None, Some(listed)) => {
            statuses(&format!("{path}.gone_statuses"), listed, problems);
            Some(ResolveBy::Gone(listed.clone()))
        }
        _ => {
            problems.add(path.as_str(), "needs exactly one of `find`, `when` and `gone_statuses`");
            None
        }
    };
    if table.contains.is_some() && table.find.is_none() {
        problems.add(format!("{path}.contains"), "belongs to `find`");
    }
    Some(Resolve {
        request: request?,
        by: by?,
        keep: keep?,
        lag_seconds: table.lag_seconds.unwrap_or(0),
        absent_is_failed: table.absent == Some(Absent::Failed),
    })
}

/// Reads `{ "/data/*/id" = "{run}" }`.
fn find(
    places: &BTreeMap<String, String>,
    contains: bool,
    path: &str,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Option<Find> {
    let (Some((place, written)), 1) = (places.first_key_value(), places.len()) else {
        problems.add(path, "needs exactly one pointer");
        return None;
    };
    let path = format!("{path}.{place}");
    let text = text(written, &path, Place::Compared, scope, problems);
    let Some((list, pointer)) = place.split_once("/*").filter(|(_, rest)| !rest.contains('*')) else {
        problems.add(path.as_str(), "needs one `*`, which stands for each item of a list: /data/*/id");
        return None;
    };
    let read = |text: &str| JsonPointer::parse_or_whole(text);
    let list = if list.is_empty() { Some(None) } else { problems.ok(path.as_str(), read(list)).map(Some) };
    let pointer = problems.ok(path.as_str(), read(pointer));
    Some(Find { list: list?, pointer: pointer?, text: text?, contains })
}
