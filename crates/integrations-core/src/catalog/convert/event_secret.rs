//! The `[events.secret]` of a provider file.

use super::settings::Declared;
use super::values::{mismatch, page, pattern, pointer};
use crate::catalog::event_secret::{EventSecret, SecretHint};
use crate::catalog::field::Pattern;
use crate::catalog::file::SecretTable;
use crate::catalog::names::{Encoding, SecretSource};
use crate::catalog::problems::{Problems, optional};

const PATH: &str = "events.secret";

/// Reads where the secret comes from, and how it is read.
pub(super) fn secret(table: SecretTable, problems: &mut Problems) -> Option<EventSecret> {
    check_keys(&table, problems);
    let encoding = table.encoding.unwrap_or(Encoding::Text);
    let has_form = table.pattern.is_some() || encoding != Encoding::Text;
    mismatch(PATH, table.mismatch.as_deref(), has_form, problems);
    for (index, hint) in table.hints.iter().enumerate() {
        let path = format!("{PATH}.hints.{index}");
        mismatch(&path, Some(hint.say.as_str()), true, problems);
        if hint.begins.trim().is_empty() {
            problems.add(format!("{path}.begins"), "must not be empty");
        }
    }
    let page = table.page.map(|text| page(&format!("{PATH}.page"), &text, problems));
    let pattern = table.pattern.map(|text| pattern(&format!("{PATH}.pattern"), &text, problems));
    let pointer = table.pointer.map(|text| pointer(&format!("{PATH}.pointer"), &text, problems));
    let hints = table.hints.into_iter().map(|hint| SecretHint { begins: hint.begins, say: hint.say });
    Some(EventSecret {
        source: table.source,
        former_setting: table.former_setting,
        label: table.label.unwrap_or_default(),
        help: table.help.unwrap_or_default(),
        page: optional(page)?,
        is_chosen_here: table.chosen_here,
        prefix: table.prefix,
        encoding,
        bytes: table.bytes,
        pattern: pattern.map(|pattern| pattern.unwrap_or_else(Pattern::nothing)),
        mismatch: table.mismatch.unwrap_or_else(|| "Expected a secret of at most 4096 characters".to_owned()),
        hints: hints.collect(),
        pointer: optional(pointer)?,
    })
}

/// Checks that the setting that a secret was in is retired, and was secret.
pub(super) fn check_former(secret: &EventSecret, declared: &[Declared], problems: &mut Problems) {
    let Some(former) = &secret.former_setting else { return };
    let is_former = |one: &Declared| one.key == *former && one.is_retired && one.is_secret;
    if !declared.iter().any(is_former) {
        let message = "must be a setting of this file with `secret = true` and `retired = true`";
        problems.add(format!("{PATH}.former_setting"), message);
    }
}

/// Checks that the keys belong to the source and to the encoding.
fn check_keys(table: &SecretTable, problems: &mut Problems) {
    let is_known = table.source == SecretSource::ClientSecret;
    for (key, text) in [("label", &table.label), ("help", &table.help)] {
        match text {
            Some(text) if text.trim().is_empty() => {
                problems.add(format!("{PATH}.{key}"), "must not be empty")
            }
            None if !is_known => problems.add(PATH, format!("needs `{key}`, for people")),
            _ => {}
        }
    }
    let is_written = [
        ("label", table.label.is_some()),
        ("help", table.help.is_some()),
        ("page", table.page.is_some()),
        ("encoding", table.encoding.is_some()),
        ("pattern", table.pattern.is_some()),
        ("hints", !table.hints.is_empty()),
    ];
    for (key, _) in is_written.into_iter().filter(|(_, is_written)| is_known && *is_written) {
        problems.add(format!("{PATH}.{key}"), "the client secret is known, so nobody is asked for it");
    }
    match (table.source == SecretSource::FirstRequest, &table.pointer) {
        (true, None) => problems.add(PATH, "needs `pointer`: where the first request has the secret"),
        (false, Some(_)) => problems.add(format!("{PATH}.pointer"), "only a `first_request` has it"),
        _ => {}
    }
    if table.former_setting.is_some() && table.source != SecretSource::Person {
        problems.add(format!("{PATH}.former_setting"), "only a secret that a person enters was a setting");
    }
    if table.chosen_here && (table.source != SecretSource::Person || table.encoding.is_some()) {
        problems.add(format!("{PATH}.chosen_here"), "only a text that a person enters can be chosen");
    }
    if matches!(table.encoding, None | Some(Encoding::Text)) {
        let encoded = [("prefix", !table.prefix.is_empty()), ("bytes", table.bytes.is_some())];
        for (key, _) in encoded.into_iter().filter(|(_, is_written)| *is_written) {
            let message = "a text is used as it is: this needs the encoding `hex` or `base64`";
            problems.add(format!("{PATH}.{key}"), message);
        }
    }
    if table.bytes.is_some_and(|bytes| !(16..=1024).contains(&bytes)) {
        problems.add(format!("{PATH}.bytes"), "must be between 16 and 1024");
    }
}
