//! What an action uses of its inputs and of the settings.

use std::collections::BTreeSet;

use super::request::{of_text, sources};
use crate::catalog::action::{
    Action, ActionInput, Default, Guard, Limit, MoneyCurrency, Per, ResolveBy, Shape, Source, Subject, Test,
};
use crate::catalog::problems::Problems;

/// Checks that every input has an effect.
pub(super) fn check_inputs(action: &Action, path: &str, problems: &mut Problems) {
    let used = used(action);
    let is_used = |source: &Source| used.contains(source);
    for (index, input) in action.inputs.iter().enumerate() {
        let path = format!("{path}.input.{index}");
        if !is_used(&Source::Input(input.key.clone())) {
            problems.add(format!("{path}.key"), format!("the input `{}` is used nowhere", input.key));
        }
        for (index, name) in unwritten(input, action, &is_used) {
            problems.add(
                format!("{path}.items.fields.{index}.key"),
                format!("`{name}` of the items is used nowhere"),
            );
        }
    }
}

/// The members of a list's items that are in no request, if the list is written item by item.
fn unwritten<'i>(
    input: &'i ActionInput,
    action: &Action,
    is_used: &impl Fn(&Source) -> bool,
) -> Vec<(usize, &'i str)> {
    let Shape::List { items, .. } = &input.shape else { return Vec::new() };
    let Shape::Object(fields) = &items.shape else { return Vec::new() };
    let is_whole = is_used(&Source::Item(None)) || is_written_whole(&input.key, action);
    let unused = fields.iter().enumerate().filter(|(_, field)| {
        let member = Source::Item(Some(field.key.clone()));
        !is_whole && !is_used(&member)
    });
    unused.map(|(index, field)| (index, field.key.as_str())).collect()
}

/// Whether a list stands in a text, where all of it is written.
fn is_written_whole(key: &str, action: &Action) -> bool {
    let lists = |found: &[Source]| {
        found.iter().filter(|source| matches!(source, Source::Input(name) if name == key)).count()
    };
    let items = |found: &[Source]| found.iter().filter(|source| matches!(source, Source::Item(_))).count();
    let found = sources(&action.request);
    lists(&found) > 0 && items(&found) == 0
}

/// The sources that the requests, the guards and the amounts of an action have values of.
fn used(action: &Action) -> BTreeSet<Source> {
    let readings = action.evidence.iter().chain(&action.steps).map(|reading| &reading.request);
    let resolve = action.resolve.iter().map(|resolve| &resolve.request);
    let requests = readings.chain(resolve).chain([&action.request]);
    let mut found: Vec<Source> = requests.flat_map(sources).collect();
    if let Some(ResolveBy::Find(find)) = action.resolve.as_ref().map(|resolve| &resolve.by) {
        of_text(&find.text, &mut found);
    }
    found.extend(action.guards.iter().flat_map(guarded).map(|key| Source::Input(key.to_owned())));
    found.extend(action.inputs.iter().filter_map(|input| match &input.shape {
        Shape::Money { currency: MoneyCurrency::Input(key), .. } => Some(Source::Input(key.clone())),
        _ => None,
    }));
    found.into_iter().collect()
}

/// The inputs that a guard looks at.
fn guarded(guard: &Guard) -> Vec<&str> {
    match &guard.subject {
        Subject::Input(key) => vec![key],
        Subject::Sum { input, per: Per::Input(key), .. } => vec![input, key],
        Subject::Sum { input, .. } => vec![input],
        Subject::Count { per: Per::Input(key), .. } => vec![key],
        Subject::Setting(_) | Subject::Evidence(_) | Subject::Context(_) | Subject::Count { .. } => {
            Vec::new()
        }
    }
}

/// The settings that an action uses.
pub(super) fn settings(action: &Action) -> Vec<&str> {
    let defaults = action.inputs.iter().filter_map(|input| match &input.default {
        Some(Default::Setting(key)) => Some(key.as_str()),
        _ => None,
    });
    let subjects = action.guards.iter().filter_map(|guard| match &guard.subject {
        Subject::Setting(key) => Some(key.as_str()),
        _ => None,
    });
    let tests = action.guards.iter().flat_map(|guard| match &guard.test {
        Test::AtMost { limit, currency } => {
            let limit = match limit {
                Limit::Setting(key) => Some(key.as_str()),
                Limit::Fixed(_) => None,
            };
            [limit, currency.as_deref()]
        }
        Test::OneOfSetting { setting, .. } => [Some(setting.as_str()), None],
        Test::True | Test::Present | Test::OneOf(_) => [None, None],
    });
    defaults.chain(subjects).chain(tests.flatten()).collect()
}
