//! The `[events.signature]` of a provider file.

use super::values::{is_header_name, pointer};
use crate::catalog::events::{Carrier, Part, Place, Scheme, Signature, SignedTime, TimePlace};
use crate::catalog::file::SignatureTable;
use crate::catalog::names::{Encoding, SignatureForm, SignatureScheme, TimeUnit};
use crate::catalog::problems::Problems;
use crate::catalog::template::{JsonPointer, is_name};

const PATH: &str = "events.signature";

/// Reads how events are verified.
pub(super) fn signature(table: &SignatureTable, problems: &mut Problems) -> Option<Signature> {
    check_keys(table, problems);
    let before = problems.len();
    let signs = match table.scheme {
        SignatureScheme::HmacSha256 => parts(table.signs.as_deref().unwrap_or("{body}"), table, problems),
        SignatureScheme::Ed25519 => match &table.signs {
            Some(signs) => parts(signs, table, problems),
            None => missing("signs", "what is signed, such as \"{timestamp}{body}\"", problems),
        },
        SignatureScheme::HmacFields | SignatureScheme::Basic | SignatureScheme::Token => Some(Vec::new()),
    };
    let time = time(table, problems);
    let scheme = scheme(table, signs.clone(), problems)?;
    if let (Some(time), Some(signs)) = (&time, &signs) {
        check_time(table.scheme, time, signs, problems);
    }
    let asks_for_time = signs.is_some_and(|signs| signs.contains(&Part::Timestamp));
    if table.time.is_none() && (asks_for_time || table.scheme == SignatureScheme::HmacFields) {
        problems.add(PATH, "needs `time`: where the signed time is");
    }
    (problems.len() == before).then_some(Signature { scheme, time })
}

/// Checks that every key belongs to the scheme.
fn check_keys(table: &SignatureTable, problems: &mut Problems) {
    use SignatureScheme::{Ed25519, HmacFields, HmacSha256, Token};
    let keys: [(&str, bool, &[SignatureScheme]); 11] = [
        ("header", table.header.is_some(), &[HmacSha256, Ed25519, Token]),
        ("form", table.form.is_some(), &[HmacSha256]),
        ("prefix", table.prefix.is_some(), &[HmacSha256]),
        ("version", table.version.is_some(), &[HmacSha256]),
        ("encoding", table.encoding.is_some(), &[HmacSha256]),
        ("signs", table.signs.is_some(), &[HmacSha256, Ed25519]),
        ("id", table.id.is_some(), &[HmacSha256, Ed25519]),
        ("time", table.time.is_some(), &[HmacSha256, Ed25519, HmacFields]),
        ("unit", table.unit.is_some(), &[HmacSha256, Ed25519, HmacFields]),
        ("token", table.token.is_some(), &[HmacFields, Token]),
        ("signatures", !table.signatures.is_empty(), &[HmacFields]),
    ];
    for (key, is_written, schemes) in keys {
        if is_written && !schemes.contains(&table.scheme) {
            problems.add(format!("{PATH}.{key}"), format!("means nothing in the scheme `{}`", table.scheme));
        }
    }
    if table.unit.is_some() && table.time.is_none() {
        problems.add(format!("{PATH}.unit"), "needs `time`");
    }
}

fn missing<T>(key: &str, what: &str, problems: &mut Problems) -> Option<T> {
    problems.add(PATH, format!("needs `{key}`: {what}"));
    None
}

/// Reads the name of a header, in lower case.
pub(super) fn header(path: &str, name: &str, problems: &mut Problems) -> Option<String> {
    if is_header_name(name) && !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Some(name.to_owned());
    }
    problems.add(path, "must be a header name in lower case");
    None
}

/// Reads a place: a JSON pointer into the body, which begins with `/`, or a header.
pub(super) fn place(path: &str, text: &str, problems: &mut Problems) -> Option<Place> {
    if text.starts_with('/') {
        return pointer(path, text, problems).map(Place::Body);
    }
    header(path, text, problems).map(Place::Header)
}

fn scheme(table: &SignatureTable, signs: Option<Vec<Part>>, problems: &mut Problems) -> Option<Scheme> {
    let path = |key: &str| format!("{PATH}.{key}");
    let header = table.header.as_deref().map(|name| header(&path("header"), name, problems));
    Some(match table.scheme {
        SignatureScheme::HmacSha256 => {
            let Some(header) = header else {
                return missing("header", "the header with the signature", problems);
            };
            let carrier = carrier(table, header?, problems);
            let encoding = table.encoding.unwrap_or(Encoding::Hex);
            if encoding == Encoding::Text {
                problems.add(path("encoding"), "a signature is written as `hex` or `base64`");
            }
            Scheme::Hmac { carrier: carrier?, encoding, signs: signs? }
        }
        SignatureScheme::Ed25519 => match header {
            Some(header) => Scheme::Ed25519 { header: header?, signs: signs? },
            None => return missing("header", "the header with the signature", problems),
        },
        SignatureScheme::HmacFields => fields(table, problems)?,
        SignatureScheme::Basic => Scheme::Basic,
        SignatureScheme::Token => match (header, &table.token) {
            (Some(header), None) => Scheme::Token(Place::Header(header?)),
            (None, Some(token)) => Scheme::Token(Place::Body(pointer(&path("token"), token, problems)?)),
            _ => {
                return missing("header", "or `token`, one of the two: where the secret itself is", problems);
            }
        },
    })
}

fn carrier(table: &SignatureTable, header: String, problems: &mut Problems) -> Option<Carrier> {
    let form = table.form.unwrap_or(SignatureForm::Whole);
    if form != SignatureForm::Whole && table.prefix.is_some() {
        problems.add(format!("{PATH}.prefix"), "only the form `whole` has one");
    }
    match (form, &table.version) {
        (SignatureForm::Whole, None) => {
            Some(Carrier::Whole { header, prefix: table.prefix.clone().unwrap_or_default() })
        }
        (SignatureForm::Whole, Some(_)) => {
            problems.add(format!("{PATH}.version"), "only the forms `pairs` and `versions` have one");
            None
        }
        (SignatureForm::Pairs, Some(version)) => Some(Carrier::Pairs { header, version: version.clone() }),
        (SignatureForm::Versions, Some(version)) => {
            Some(Carrier::Versions { header, version: version.clone() })
        }
        (_, None) => missing("version", "the version that counts, such as \"v1\"", problems),
    }
}

fn fields(table: &SignatureTable, problems: &mut Problems) -> Option<Scheme> {
    let Some(token) = &table.token else { return missing("token", "where the signed token is", problems) };
    let token = pointer(&format!("{PATH}.token"), token, problems);
    if table.signatures.is_empty() {
        return missing("signatures", "where signatures may be", problems);
    }
    let read = table.signatures.iter().enumerate();
    let read = read.map(|(index, text)| pointer(&format!("{PATH}.signatures.{index}"), text, problems));
    // Every wrong one is reported, not only the first.
    let signatures: Option<Vec<JsonPointer>> = read.collect::<Vec<_>>().into_iter().collect();
    Some(Scheme::HmacFields { token: token?, signatures: signatures? })
}

/// Reads where the signed time is.
fn time(table: &SignatureTable, problems: &mut Problems) -> Option<SignedTime> {
    let text = table.time.as_deref()?;
    let path = format!("{PATH}.time");
    let place = if text.starts_with('/') {
        pointer(&path, text, problems).map(TimePlace::Body)
    } else if table.form == Some(SignatureForm::Pairs) {
        Some(TimePlace::Pair(text.to_owned()))
    } else {
        header(&path, text, problems).map(TimePlace::Header)
    };
    Some(SignedTime { place: place?, unit: table.unit.unwrap_or(TimeUnit::UnixSeconds) })
}

/// Checks that the time is in a place that is signed.
fn check_time(scheme: SignatureScheme, time: &SignedTime, signs: &[Part], problems: &mut Problems) {
    let is_in_body = matches!(time.place, TimePlace::Body(_));
    let has_part = signs.contains(&Part::Timestamp);
    let message = match scheme {
        SignatureScheme::HmacFields if !is_in_body => {
            "must be a JSON pointer: this scheme reads the body alone"
        }
        SignatureScheme::HmacSha256 | SignatureScheme::Ed25519 if is_in_body && has_part => {
            "a time in the body is signed with it: leave {timestamp} out of `signs`"
        }
        SignatureScheme::HmacSha256 | SignatureScheme::Ed25519 if !is_in_body && !has_part => {
            "it is not signed, so it proves nothing: `signs` must have {timestamp}"
        }
        _ => return,
    };
    problems.add(format!("{PATH}.time"), message);
}

/// Reads what a signature covers: characters, and names in braces.
fn parts(text: &str, table: &SignatureTable, problems: &mut Problems) -> Option<Vec<Part>> {
    let path = format!("{PATH}.signs");
    let id = table.id.as_deref().map(|name| header(&format!("{PATH}.id"), name, problems));
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some((before, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else { break };
        if !before.is_empty() {
            parts.push(Part::Literal(before.to_owned()));
        }
        parts.push(match (name, &id) {
            ("body", _) => Part::Body,
            ("timestamp", _) => Part::Timestamp,
            ("method", _) => Part::Method,
            ("url", _) => Part::Url,
            ("id", Some(id)) => Part::Header(id.clone()?),
            ("id", None) => return missing("id", "the header that {id} stands for", problems),
            (other, _) => {
                let other = if is_name(other) { other } else { "…" };
                let message =
                    format!("`{{{other}}}` is not known: there are {{body}}, {{timestamp}}, {{method}}, {{url}}, {{id}}");
                problems.add(path, message);
                return None;
            }
        });
        rest = after;
    }
    if rest.contains(['{', '}']) {
        problems.add(path, "has a brace without its other half");
        return None;
    }
    if !rest.is_empty() {
        parts.push(Part::Literal(rest.to_owned()));
    }
    if parts.iter().filter(|part| **part == Part::Body).count() != 1 {
        problems.add(path, "must have {body} once");
        return None;
    }
    if id.is_some() && !parts.iter().any(|part| matches!(part, Part::Header(_))) {
        problems.add(format!("{PATH}.id"), "it is not signed: `signs` must have {id}");
        return None;
    }
    Some(parts)
}
