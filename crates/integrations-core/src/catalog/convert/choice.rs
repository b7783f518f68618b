//! The `[auth.oauth.choice]` table of a provider file.

use super::kept::{kept_fields, of_choice};
use super::values::{check_header, conditions, pointer, pointers, templates};
use crate::catalog::choice::ConsentChoice;
use crate::catalog::file::ConsentChoiceTable;
use crate::catalog::oauth::{KeptField, OAuth};
use crate::catalog::problems::{Problems, optional};
use crate::catalog::scope::{Names, Reach};
use crate::catalog::template::{JsonPointer, UrlTemplate};

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
    let kept = kept_fields(PLACE, table.kept, others, of_choice, problems);
    if !kept.first().is_some_and(|first| first.as_ref().is_none_or(|first| first.required)) {
        problems.add(at("kept"), "needs a value with `required = true` first, which tells the items apart");
    }
    let headers = table.headers.map(|headers| {
        headers.keys().for_each(|name| check_header(name, &at(&format!("headers.{name}")), problems));
        templates(headers, &at("headers"), problems)
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
        headers,
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
