//! The `[auth.oauth.choice]` table of a provider file.

use super::actions::conditions;
use super::kept::kept_field;
use super::values::{check_header, pointer, pointers};
use crate::catalog::choice::ConsentChoice;
use crate::catalog::file::ConsentChoiceTable;
use crate::catalog::oauth::{KeptField, KeptPlace, OAuth};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::{JsonPointer, Template, UrlTemplate};

const PLACE: &str = "auth.0.oauth.choice";

/// Reads how one of several is chosen, and what is kept of it. `others` are the names that are kept beside these.
pub(super) fn choice(
    table: ConsentChoiceTable,
    others: &[KeptField],
    problems: &mut Problems,
) -> Option<(ConsentChoice, Vec<KeptField>)> {
    let at = |key: &str| format!("{PLACE}.{key}");
    if table.what.trim() != table.what || table.what.is_empty() || table.what.contains(char::is_control) {
        problems.add(at("what"), "must be a word for people: what each of them is, such as `site`");
    }
    let mut kept: Vec<Option<KeptField>> = Vec::new();
    for (index, one) in table.kept.into_iter().enumerate() {
        let path = at(&format!("kept.{index}"));
        let is_known = |known: &KeptField| known.name == one.name;
        if others.iter().any(is_known) || kept.iter().flatten().any(is_known) {
            problems.add(format!("{path}.name"), format!("`{}` is listed twice", one.name));
        }
        let place = match (&one.pointer, &one.parameter) {
            (Some(text), None) => pointer(&format!("{path}.pointer"), text, problems).map(KeptPlace::Choice),
            _ => {
                problems.add(&path, "needs `pointer`, a place in the item that was chosen");
                None
            }
        };
        kept.push(kept_field(one, place, &path, problems));
    }
    if !kept.first().is_some_and(|first| first.as_ref().is_none_or(|first| first.required)) {
        problems.add(at("kept"), "needs a value with `required = true` first, which tells the items apart");
    }
    let headers = table.headers.map(|headers| {
        let read = headers.into_iter().map(|(name, text)| {
            let path = at(&format!("headers.{name}"));
            check_header(&name, &path, problems);
            problems.ok(path, Template::parse(&text)).map(|template| (name, template))
        });
        read.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()
    });
    let url = problems.ok(at("url"), UrlTemplate::parse(&table.url));
    let list = problems.ok(at("list"), JsonPointer::parse_or_whole(&table.list));
    let when = conditions(&table.when, &at("when"), problems);
    let label = pointers(&at("label"), &table.label, problems);
    let detail = table.detail.map(|text| pointer(&at("detail"), &text, problems));
    let preferred = table.preferred.map(|text| pointer(&at("preferred"), &text, problems));
    let choice = ConsentChoice {
        what: table.what,
        url: url?,
        headers: optional(headers)?,
        list: list?,
        when: when?,
        label: label?,
        detail: optional(detail)?,
        preferred: optional(preferred)?,
    };
    Some((choice, kept.into_iter().collect::<Option<_>>()?))
}

/// Checks that the request uses only what is known before one is chosen.
pub(super) fn check(oauth: &OAuth, names: &Names<'_>, problems: &mut Problems) {
    let Some(choice) = &oauth.choice else { return };
    names.check_url(&format!("{PLACE}.url"), &choice.url, Reach::Connection, problems);
    let known = names.of_token_request(&["access_token"]);
    for (name, template) in choice.headers.iter().flatten() {
        known.text(&format!("{PLACE}.headers.{name}"), template.as_str(), problems);
    }
}
