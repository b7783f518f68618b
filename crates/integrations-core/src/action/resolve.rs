//! Whether an action was done, of which the answer was lost.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::answer::{Outcome, kept_values};
use super::render::{Known, render, text};
use super::rendered::RenderedRequest;
use crate::catalog::action::{Action, Condition, Expected, Find, Resolve, ResolveBy};

/// How to look for what a request may have done. It is written with the request, from the same values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Look {
    /// The request. It changes nothing.
    pub request: RenderedRequest,
    /// The text by which our own write is found in a list. `None`: it is not looked for in a list.
    pub wanted: Option<String>,
}

impl Look {
    /// How to look for what the action's request does. `None`: the provider's file does not say, or a value that it
    /// needs is absent.
    pub fn of(action: &Action, known: &Known<'_>) -> Option<Self> {
        let resolve = action.resolve.as_ref()?;
        let wanted = match &resolve.by {
            ResolveBy::Find(find) => Some(text(&find.text, known).ok()?.filter(|text| !text.is_empty())?),
            ResolveBy::When(_) | ResolveBy::Gone(_) => None,
        };
        Some(Self { request: render(&resolve.request, known).ok()?, wanted })
    }
}

/// What the answer to a look shows.
#[derive(Clone, Debug, PartialEq)]
pub enum Shown {
    /// What came of the write: it was done, it was accepted, or it has failed.
    Found(Outcome),
    /// Nothing shows that it was done, and what is not shown was not done. This counts only once the provider can show
    /// the write: after `lag_seconds`.
    Absent,
}

/// What the answer to the request of `resolve` shows. `None`: nothing, and the outcome stays unknown. `wanted` is the
/// text by which the write is found in a list ([`Look::wanted`]).
pub fn resolved(
    action: &Action,
    resolve: &Resolve,
    wanted: Option<&str>,
    status: u16,
    body: Option<&Value>,
) -> Option<Shown> {
    let done = |object| {
        let result = Value::Object(kept_values(&resolve.keep, object));
        Some(Shown::Found(Outcome::Succeeded { result, cursor: None }))
    };
    let absent = || resolve.absent_is_failed.then_some(Shown::Absent);
    let is_good = (200..300).contains(&status);
    match &resolve.by {
        ResolveBy::Gone(statuses) if statuses.contains(&status) => done(None),
        _ if !is_good => None,
        ResolveBy::Gone(_) => absent(),
        ResolveBy::When(conditions) => {
            let body = body?;
            if conditions.iter().all(|one| one.holds(body)) { done(Some(body)) } else { absent() }
        }
        ResolveBy::Find(find) => {
            let list = find.list.as_ref().map_or(body, |place| place.of(body?))?.as_array()?;
            let wanted = wanted.filter(|text| !text.is_empty())?;
            match list.iter().find(|item| is_ours(find, wanted, item)) {
                Some(item) => Some(Shown::Found(found(action, resolve, item, status))),
                None => absent(),
            }
        }
    }
}

fn is_ours(find: &Find, wanted: &str, item: &Value) -> bool {
    let found = find.pointer.of(item).and_then(Value::as_str);
    found.is_some_and(|found| if find.contains { found.contains(wanted) } else { found == wanted })
}

/// What came of a write that was found. The object says whether it failed since, or is not finished, as the answer to
/// the action does.
fn found(action: &Action, resolve: &Resolve, object: &Value, status: u16) -> Outcome {
    let result = Value::Object(kept_values(&resolve.keep, Some(object)));
    let says = |conditions: &[Condition]| {
        let mut values =
            conditions.iter().filter(|one| !matches!(one.expected, Expected::Present | Expected::Absent));
        values.any(|one| one.holds(object))
    };
    if says(&action.result.failed_when) {
        Outcome::Failed { message: None, status }
    } else if says(&action.result.accepted_when) {
        Outcome::Accepted { result }
    } else {
        Outcome::Succeeded { result, cursor: None }
    }
}
