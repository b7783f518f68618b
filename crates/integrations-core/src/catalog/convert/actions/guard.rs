//! The guards of an action.

use serde_json::Value;

use super::rest::Rest;
use super::text::Scope;
use crate::catalog::action::{
    ActionInput, Guard, LONGEST_WINDOW_DAYS, Limit, Otherwise, Per, Shape, Subject, Test,
};
use crate::catalog::convert::settings::SettingKind;
use crate::catalog::convert::values::to_json;
use crate::catalog::file::GuardTable;
use crate::catalog::problems::Problems;
use crate::catalog::template::is_name;

/// Reads guards. `path` is the action's.
pub(super) fn guards(
    tables: Vec<GuardTable>,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Vec<Guard>> {
    let read: Vec<Option<Guard>> = tables
        .into_iter()
        .enumerate()
        .map(|(index, table)| guard(&table, &format!("{path}.guards.{index}"), scope, rest, problems))
        .collect();
    read.into_iter().collect()
}

fn guard(
    table: &GuardTable,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Guard> {
    let subject = subject(table, path, scope, rest, problems)?;
    check_keys(table, &subject, path, problems);
    let test = test(table, &subject, path, scope, rest, problems);
    let otherwise = table.otherwise.or(match subject {
        Subject::Setting(_) => Some(Otherwise::Deny),
        _ => None,
    });
    if otherwise.is_none() {
        problems.add(path, "a guard needs `otherwise`: \"ask\" or \"deny\"");
    }
    if table.because.as_ref().is_some_and(|words| words.trim().is_empty()) {
        problems.add(format!("{path}.because"), "must not be empty");
    }
    Some(Guard { subject, test: test?, otherwise: otherwise?, because: table.because.clone() })
}

fn subject(
    table: &GuardTable,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Subject> {
    let named = [&table.requires, &table.input, &table.evidence, &table.context, &table.sum];
    if named.into_iter().flatten().count() + usize::from(table.count) != 1 {
        let message = "a guard has one subject: `requires`, `input`, `evidence`, `context`, `sum` or `count`";
        problems.add(path, message);
        return None;
    }
    let (key, checked) = if let Some(setting) = &table.requires {
        (
            "requires",
            rest.check_setting(setting, &[SettingKind::Boolean]).map(|()| Subject::Setting(setting.clone())),
        )
    } else if let Some(input) = &table.input {
        ("input", input_of(input, scope).map(|_| Subject::Input(input.clone())))
    } else if let Some(name) = &table.evidence {
        let known = scope.has_evidence(name).then(|| Subject::Evidence(name.clone()));
        ("evidence", known.ok_or_else(|| format!("the evidence keeps no `{name}`")))
    } else if let Some(name) = &table.context {
        let named = is_name(name).then(|| Subject::Context(name.clone()));
        ("context", named.ok_or_else(|| "not a name".to_owned()))
    } else if let Some(input) = &table.sum {
        ("sum", sum(input, table, path, scope, problems))
    } else {
        let (per, within) = window(table, path, scope, problems)?;
        ("count", Ok(Subject::Count { per, within }))
    };
    problems.ok(format!("{path}.{key}"), checked)
}

fn sum(
    input: &str,
    table: &GuardTable,
    path: &str,
    scope: &Scope<'_>,
    problems: &mut Problems,
) -> Result<Subject, String> {
    if !matches!(input_of(input, scope)?.shape, Shape::Money { .. }) {
        return Err("only amounts of money have a sum".into());
    }
    // What is wrong with the window was told at its place; the guard is left out then.
    let (per, within) = window(table, path, scope, problems).unwrap_or((Per::Project, 0));
    Ok(Subject::Sum { input: input.to_owned(), per, within })
}

fn input_of<'a>(key: &str, scope: &Scope<'a>) -> Result<&'a ActionInput, String> {
    scope.input(key).ok_or_else(|| format!("there is no input `{key}`"))
}

/// Reads among which runs, and within which time.
fn window(table: &GuardTable, path: &str, scope: &Scope<'_>, problems: &mut Problems) -> Option<(Per, u32)> {
    let per = problems.ok(format!("{path}.per"), per(table.per.as_deref(), scope));
    let within = problems.ok(format!("{path}.within"), within(table.within.as_deref()));
    Some((per?, within?))
}

fn per(text: Option<&str>, scope: &Scope<'_>) -> Result<Per, String> {
    let known = match text {
        Some("key") => Some(Per::Key),
        Some("project") => Some(Per::Project),
        _ => None,
    };
    let input = text.and_then(|text| scope.input(text));
    let is_one =
        |input: &ActionInput| matches!(input.shape, Shape::Text(_) | Shape::Integer { .. } | Shape::Boolean);
    match (known, input) {
        (Some(known), None) => Ok(known),
        (Some(_), Some(_)) => Err("is also the name of an input: call that something else".into()),
        (None, Some(input)) if input.sensitive => {
            Err("must not be a sensitive input: what it counts for is stored".into())
        }
        (None, Some(input)) if is_one(input) => Ok(Per::Input(input.key.clone())),
        (None, Some(_)) => Err("must be an input that has one value".into()),
        (None, None) => Err("must be \"key\", \"project\" or an input".into()),
    }
}

/// Reads a span of time such as `24h`, in seconds.
fn within(text: Option<&str>) -> Result<u32, String> {
    let span = humantime::parse_duration(text.ok_or("needs `within`, such as \"24h\"")?);
    let seconds = span.map_err(|error| format!("not a span of time, such as \"24h\": {error}"))?.as_secs();
    let in_range = (1..=LONGEST_WINDOW_DAYS * 24 * 60 * 60).contains(&seconds);
    let seconds = in_range.then(|| u32::try_from(seconds).ok()).flatten();
    seconds.ok_or_else(|| format!("must be between a second and {LONGEST_WINDOW_DAYS} days"))
}

/// Checks that every key belongs to the subject.
fn check_keys(table: &GuardTable, subject: &Subject, path: &str, problems: &mut Problems) {
    let is_counted = matches!(subject, Subject::Sum { .. } | Subject::Count { .. });
    let is_value = matches!(subject, Subject::Input(_) | Subject::Evidence(_));
    let keys = [
        ("per", table.per.is_some(), is_counted),
        ("within", table.within.is_some(), is_counted),
        ("at_most", table.at_most.is_some(), is_counted || is_value),
        ("currency", table.currency.is_some(), table.at_most.is_some()),
        ("one_of", table.one_of.is_some(), is_value),
        ("unset", table.unset.is_some(), table.one_of.is_some()),
        ("is", table.is.is_some(), is_value),
    ];
    for (key, is_set, belongs) in keys {
        if is_set && !belongs {
            problems.add(format!("{path}.{key}"), "does not belong to this guard");
        }
    }
}

fn test(
    table: &GuardTable,
    subject: &Subject,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Test> {
    match (subject, &table.at_most, &table.one_of, &table.is) {
        (Subject::Setting(_), ..) => Some(Test::True),
        (Subject::Context(_), ..) => Some(Test::Present),
        (_, Some(limit), None, None) => at_most(limit, table, subject, path, scope, rest, problems),
        (_, None, Some(list), None) => {
            let checked = one_of(list, table, subject, scope, rest);
            problems.ok(format!("{path}.one_of"), checked)
        }
        (_, None, None, Some(values)) => {
            let values = problems.ok(format!("{path}.is"), literals(values, subject, scope))?;
            Some(Test::OneOf(values))
        }
        _ => {
            problems.add(path, "a guard has one test: `at_most`, `one_of` or `is`");
            None
        }
    }
}

fn at_most(
    limit: &toml::Value,
    table: &GuardTable,
    subject: &Subject,
    path: &str,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
    problems: &mut Problems,
) -> Option<Test> {
    let shape = match subject {
        Subject::Input(key) => scope.input(key).map(|input| &input.shape),
        _ => None,
    };
    let is_money = matches!((subject, shape), (Subject::Sum { .. }, _) | (_, Some(Shape::Money { .. })));
    if !is_money && !matches!(shape, None | Some(Shape::Integer { .. })) {
        problems.add(format!("{path}.at_most"), "only numbers and amounts have a limit");
    }
    let limit = match limit {
        toml::Value::Integer(number) => Ok(Limit::Fixed(*number)),
        toml::Value::String(key) => {
            rest.check_setting(key, &[SettingKind::Integer]).map(|()| Limit::Setting(key.clone()))
        }
        _ => Err("must be a whole number or the name of a setting".into()),
    };
    let limit = problems.ok(format!("{path}.at_most"), limit);
    if let Some(key) = &table.currency {
        let at = format!("{path}.currency");
        if is_money {
            problems.ok(at, rest.check_setting(key, &[SettingKind::Text]));
        } else {
            problems.add(at, "only the limit of an amount has a currency");
        }
    }
    Some(Test::AtMost { limit: limit?, currency: table.currency.clone() })
}

fn one_of(
    list: &toml::Value,
    table: &GuardTable,
    subject: &Subject,
    scope: &Scope<'_>,
    rest: &Rest<'_>,
) -> Result<Test, String> {
    match list {
        toml::Value::String(setting) => {
            rest.check_setting(setting, &[SettingKind::Texts])?;
            if table.unset.is_some() && table.unset != table.otherwise {
                return Err("`unset` must be the same as `otherwise`".into());
            }
            Ok(Test::OneOfSetting { setting: setting.clone(), unset_fails: table.unset.is_some() })
        }
        toml::Value::Array(values) if table.unset.is_none() => {
            literals(values, subject, scope).map(Test::OneOf)
        }
        toml::Value::Array(_) => Err("`unset` belongs to the list of a setting".into()),
        _ => Err("must be a list, or the name of a setting that is one".into()),
    }
}

/// Reads values that a subject is compared with. Those for an input are of its type.
fn literals(values: &[toml::Value], subject: &Subject, scope: &Scope<'_>) -> Result<Vec<Value>, String> {
    if values.is_empty() {
        return Err("needs at least one value".into());
    }
    let input = match subject {
        Subject::Input(key) => scope.input(key),
        _ => None,
    };
    let shape = input.map(|input| match &input.shape {
        Shape::List { items, .. } => &items.shape,
        shape => shape,
    });
    let fits = |value: &Value| match shape {
        None => !value.is_object() && !value.is_array(),
        Some(Shape::Text(_)) => value.is_string(),
        Some(Shape::Integer { .. }) => value.is_i64(),
        Some(Shape::Boolean) => value.is_boolean(),
        Some(Shape::Money { .. } | Shape::List { .. } | Shape::Object(_) | Shape::Map { .. }) => false,
    };
    let values: Vec<Value> = values.iter().map(to_json).collect::<Result<_, _>>()?;
    if values.iter().all(fits) { Ok(values) } else { Err("a value that the input can never have".into()) }
}
