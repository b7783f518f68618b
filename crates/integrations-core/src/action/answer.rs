//! What the answer to an action's request means.

use serde_json::{Map, Number, Value};

use crate::answer_body::AnswerBody;
use crate::catalog::action::{Action, AnswerForm, AnswerRules, Condition, Expected, Kept};
use crate::catalog::{ActionKind, JsonPointer, RateLimit};
use crate::characters::turns_direction;
use crate::probe_answer::error_code;

/// The largest integer that every reader of JSON reads exactly (RFC 8259, section 6).
const LARGEST_EXACT: u64 = (1 << 53) - 1;

/// What an answer means.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// It was done.
    Succeeded {
        /// What the caller gets: an object with every name that the action keeps.
        result: Value,
        /// What the next page is asked with.
        cursor: Option<String>,
    },
    /// The provider has taken it, and has not finished it.
    Accepted {
        /// What the caller gets.
        result: Value,
    },
    /// It was not done.
    Failed {
        /// The provider's own words.
        message: Option<String>,
        /// The status of the answer.
        status: u16,
    },
    /// It may have been done.
    Unknown,
    /// It was not done: too many requests.
    RateLimited,
    /// It was not done: the provider does not take the credential.
    Unauthorized,
    /// The provider has trouble, and the request changes nothing, so it may be sent again.
    Unavailable,
}

/// What an answer means.
///
/// Whether there were too many requests is read from the status and from the code in the body. A status that a
/// provider's headers must confirm is left to the caller, who knows them.
pub fn outcome(action: &Action, rate_limit: &RateLimit, status: u16, body: &AnswerBody<'_>) -> Outcome {
    let rules = &action.result;
    let writes = action.kind != ActionKind::ReadOnly;
    let json = body.json();
    let is_good = if rules.statuses.is_empty() {
        (200..300).contains(&status)
    } else {
        rules.statuses.contains(&status)
    };
    // What is absent from an answer with another status says nothing.
    let one_holds = |conditions: &[Condition]| {
        let mut judged = conditions.iter().filter(|one| is_good || one.expected != Expected::Absent);
        json.as_ref().is_some_and(|json| judged.any(|one| one.holds(json)))
    };
    let failed = || Outcome::Failed { message: message(&rules.error, json.as_ref()), status };
    let open = || if writes { Outcome::Unknown } else { failed() };
    if one_holds(&rules.done_when) {
        return succeeded(rules, json.as_ref());
    }
    if is_too_many(rate_limit, status, json.as_ref()) {
        return Outcome::RateLimited;
    }
    if status == 401 {
        return Outcome::Unauthorized;
    }
    if one_holds(&rules.failed_when) {
        return failed();
    }
    if one_holds(&rules.unknown_when) || rules.unknown_statuses.contains(&status) {
        return open();
    }
    if is_good {
        return good(rules, writes, json.as_ref(), body).unwrap_or_else(open);
    }
    match status {
        300..500 => failed(),
        _ if rules.nothing_done_statuses.contains(&status) => failed(),
        500.. if !writes => Outcome::Unavailable,
        _ => open(),
    }
}

/// What an answer with a good status means. `None`: it is none that the action knows.
fn good(rules: &AnswerRules, writes: bool, json: Option<&Value>, body: &AnswerBody<'_>) -> Option<Outcome> {
    match rules.form {
        AnswerForm::None => Some(succeeded(rules, json)),
        // A page in place of a short text is a login page, or one of a part in between.
        AnswerForm::Text => (!body.looks_like_html()).then(|| succeeded(rules, json)),
        AnswerForm::Json => {
            let json = json?;
            if rules.accepted_when.iter().any(|one| one.holds(json)) {
                return Some(Outcome::Accepted { result: result(rules, Some(json)) });
            }
            let has_proof = !writes || !rules.succeeded_when.is_empty();
            let is_done = has_proof && rules.succeeded_when.iter().all(|one| one.holds(json));
            is_done.then(|| succeeded(rules, Some(json)))
        }
    }
}

fn succeeded(rules: &AnswerRules, json: Option<&Value>) -> Outcome {
    Outcome::Succeeded { result: result(rules, json), cursor: cursor(rules, json) }
}

/// What the caller gets: every name that is kept, with null for what is missing, and the cursor of a list.
fn result(rules: &AnswerRules, json: Option<&Value>) -> Value {
    let mut result = kept_values(&rules.keep, json);
    if rules.cursor.is_some() {
        result.insert("cursor".to_owned(), cursor(rules, json).into());
    }
    result.into()
}

/// Values of an answer by name, with null for what is missing. Integers that readers of JSON may round are texts.
pub(super) fn kept_values(keep: &[Kept], json: Option<&Value>) -> Map<String, Value> {
    let value = |kept: &Kept| json.and_then(|json| kept.pointer.of(json)).map_or(Value::Null, exact);
    keep.iter().map(|kept| (kept.name.clone(), value(kept))).collect()
}

fn cursor(rules: &AnswerRules, json: Option<&Value>) -> Option<String> {
    let value = rules.cursor.as_ref()?.of(json?)?;
    error_code(value).filter(|cursor| !cursor.is_empty())
}

/// The value with integers beyond 2^53 as texts, at any depth.
fn exact(value: &Value) -> Value {
    let is_exact = |number: &Number| {
        let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
        size.is_none_or(|size| size <= LARGEST_EXACT)
    };
    match value {
        Value::Number(number) if !is_exact(number) => number.to_string().into(),
        Value::Array(items) => items.iter().map(exact).collect(),
        Value::Object(members) => members.iter().map(|(name, value)| (name.clone(), exact(value))).collect(),
        value => value.clone(),
    }
}

/// The provider's own words: the first of these places that has a text. Characters that control a terminal or turn the
/// direction of writing are left out. PostgreSQL stores no NUL, and then the run would have no end.
pub(super) fn message(places: &[JsonPointer], json: Option<&Value>) -> Option<String> {
    let json = json?;
    let texts = places.iter().filter_map(|place| place.of(json)?.as_str());
    let is_left_out = |c: char| turns_direction(c) || (c.is_control() && !matches!(c, '\n' | '\t'));
    let shown = |text: &str| text.chars().filter(|c| !is_left_out(*c)).collect::<String>();
    texts.map(shown).find(|text| !text.trim().is_empty())
}

/// Whether status or code mean too many requests. The other texts of the body prove nothing: people write them.
fn is_too_many(limit: &RateLimit, status: u16, json: Option<&Value>) -> bool {
    let code = limit.error.as_ref().zip(json).and_then(|(place, json)| error_code(place.of(json)?));
    let is_plain = limit.retry_after.is_none() && limit.remaining.is_none();
    status == 429
        || (is_plain && limit.statuses.contains(&status))
        || code.is_some_and(|code| limit.errors.contains(&code))
}
