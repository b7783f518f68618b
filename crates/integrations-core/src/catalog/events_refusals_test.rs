//! Errors in `[events]`, and their lines. Each case changes one thing in a valid file.

use super::refusals_test::{API_KEY, load};
use super::*;

const EVENTS: &str = r#"
[events]
address = "integration"
documentation_url = "https://acme.example/docs/events"
page = "https://acme.example/hooks"
enter = "Enter the address."
window = "5m"
repeats_within = "24h"
answer_within = "3s"
max_bytes = 65536
never_again_status = 410
headers = ["x-acme-attempt"]

[events.secret]
source = "person"
label = "Signing secret"
help = "Under Webhooks."
encoding = "base64"
prefix = "whsec_"
bytes = 24
mismatch = "Expected a secret that begins with whsec_"
hints = [{ begins = "v1,", say = "Leave out v1 and the comma" }]

[events.signature]
scheme = "hmac_sha256"
header = "x-acme-signature"
prefix = "v0="
encoding = "hex"
signs = "v0:{timestamp}:{body}"
time = "x-acme-time"
unit = "unix_seconds"

[events.fields]
id = "x-acme-id"
type = ["/type", "/kind"]
type_detail = "/action"
time = "/created"
account = "/account/id"
account_suffix = ".acme.example"
attempt = "x-acme-attempt"

[[events.ends_access]]
type = "app.removed"
needs = "/app"
"#;

fn file() -> String {
    format!("{API_KEY}{EVENTS}")
}

/// Replaces `from` by `to` and expects exactly one error, which contains `message` and is at the place of `#!`, or else
/// on the first line of the replacement.
#[track_caller]
fn refused(from: &str, to: &str, message: &str) {
    let file = file();
    assert_eq!(file.matches(from).count(), 1, "{from:?} must be there once");
    let text = file.replace(from, to);
    let at = text.find("#!").or_else(|| file.find(from)).unwrap();
    let line = text[..at].matches('\n').count() + 1;
    let errors = load(&text).err().unwrap_or_else(|| panic!("{to:?} was taken"));
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].message.contains(message), "{:?} has no {message:?}", errors[0].message);
    assert_eq!(errors[0].line, line, "{}", errors[0]);
}

/// The line of `[events]` itself, on which something is missing.
#[track_caller]
fn missing(from: &str, message: &str) {
    let text = file().replace(from, "");
    let errors = load(&text).err().unwrap_or_else(|| panic!("{from:?} is not missed"));
    assert!(errors.iter().any(|error| error.message.contains(message)), "{errors:#?}");
    assert!(errors.iter().all(|error| error.line > 20), "{errors:#?}");
}

#[test]
fn the_file_to_change_is_right() {
    let catalog = load(&file()).unwrap_or_else(|errors| panic!("{errors:#?}"));
    let events = catalog.get("acme").unwrap().events().unwrap();
    assert_eq!((events.max_bytes, events.statuses.never_again), (65536, Some(410)));
    assert!(events.signature.is_over_body());
    assert!(load(API_KEY).unwrap().get("acme").unwrap().events().is_none());
}

#[test]
fn a_provider_without_events_says_why() {
    let none = |lines: &str| load(&format!("{API_KEY}\n[events]\n{lines}"));
    assert!(matches!(
        &none("none = \"It signs nothing.\"\n").unwrap().get("acme").unwrap().event_source,
        EventSource::None(reason) if reason == "It signs nothing."
    ));
    assert!(none("none = \" \"\n").unwrap_err()[0].message.contains("a reason in words"));
    refused("address = \"integration\"", "none = \"No.\" #!\naddress = \"integration\"", "stands alone");
}

#[test]
fn what_every_source_has_is_there() {
    for (from, message) in [
        ("address = \"integration\"\n", "needs `address`"),
        ("enter = \"Enter the address.\"\n", "needs `enter`"),
        ("documentation_url = \"https://acme.example/docs/events\"\n", "needs `documentation_url`"),
        ("repeats_within = \"24h\"\n", "needs `repeats_within`"),
        ("answer_within = \"3s\"\n", "needs `answer_within`"),
        ("window = \"5m\"\n", "needs `window`"),
    ] {
        missing(from, message);
    }
}

#[test]
fn the_error_has_a_column() {
    let text = file().replace("window = \"5m\"", "window = \"5 parsecs\"");
    let errors = load(&text).unwrap_err();
    assert_eq!((errors.len(), errors[0].column), (1, 10), "{errors:?}");
}

#[test]
fn numbers_and_spans() {
    refused("\"5m\"", "\"2h\" #!", "between a second and 1h");
    refused("\"24h\"", "\"90d\" #!", "between a second and");
    refused("\"3s\"", "\"3 parsecs\" #!", "not a span of time");
    refused("65536", "26214401 #!", "between 1024 and 26214400");
    refused("= 410", "= 503 #!", "a status of refusal");
    refused("max_bytes = 65536", "max_bytes = 65536\ntaken_status = 302 #!", "a status of success");
    refused("bytes = 24", "bytes = 8 #!", "between 16 and 1024");
}

#[test]
fn addresses_and_texts() {
    refused("\"integration\"", "\"account\" #!", "unknown variant `account`");
    refused("\"integration\"", "\"app\" #!", "needs `kind = \"oauth\"`");
    refused("\"https://acme.example/hooks\"", "\"http://acme.example/hooks\" #!", "https://");
    refused("\"Enter the address.\"", "\" \" #!", "must not be empty");
    refused("\"x-acme-attempt\"]", "\"X-Acme-Attempt\"] #!", "in lower case");
    refused("\"x-acme-attempt\"]", "\"x-acme-signature\"] #!", "proves the request");
    refused("\"x-acme-attempt\"]", "\"authorization\"] #!", "proves the request");
    refused(
        "never_again_status = 410",
        "never_again_status = 410\nbody_signed = false #!",
        "makes it `true`",
    );
}

#[test]
fn secrets() {
    refused("bytes = 24", "bytes = 24\nchosen_here = true #!", "only a text");
    refused("bytes = 24", "bytes = 24\nformer_setting = \"old_secret\" #!", "must be a setting of this file");
    refused("bytes = 24", "bytes = 24\npointer = \"/token\" #!", "only a `first_request` has it");
    refused("begins = \"v1,\"", "begins = \" \"", "must not be empty");
    refused("\"Leave out v1 and the comma\"", "\"Expected ^v1.$\"", "must be words for people");
    refused("\"Expected a secret that begins with whsec_\"", "\"^whsec_\" #!", "must be words for people");
    refused("label = \"Signing secret\"", "label = \" \" #!", "must not be empty");
    for (from, message) in [
        ("label = \"Signing secret\"\n", "needs `label`"),
        ("help = \"Under Webhooks.\"\n", "needs `help`"),
        ("mismatch = \"Expected a secret that begins with whsec_\"\n", "a pattern needs `mismatch`"),
    ] {
        missing(from, message);
    }
    let all = |from: &str, to: &str| {
        let errors = load(&file().replace(from, to)).unwrap_err();
        errors.into_iter().map(|error| error.message).collect::<Vec<_>>().join("\n")
    };
    assert!(all("source = \"person\"", "source = \"first_request\"").contains("needs `pointer`"));
    let known = all("source = \"person\"", "source = \"client_secret\"");
    assert!(
        known.contains("nobody is asked for it") && known.contains("no client secret without"),
        "{known}"
    );
    let plain = all("encoding = \"base64\"", "encoding = \"text\"");
    assert!(plain.contains("a text is used as it is"), "{plain}");
}

#[test]
fn signatures() {
    refused("\"hmac_sha256\"", "\"md5\" #!", "unknown variant `md5`");
    refused("encoding = \"hex\"", "encoding = \"text\" #!", "`hex` or `base64`");
    refused("\"v0:{timestamp}:{body}\"", "\"v0:{timestamp}\" #!", "must have {body} once");
    refused("\"v0:{timestamp}:{body}\"", "\"{timestamp}{body}{body}\" #!", "must have {body} once");
    refused("\"v0:{timestamp}:{body}\"", "\"{time}{body}\" #!", "`{time}` is not known");
    refused("\"v0:{timestamp}:{body}\"", "\"{timestamp}{body\" #!", "without its other half");
    refused("time = \"x-acme-time\"", "time = \"/time\" #!", "leave {timestamp} out");
    refused("prefix = \"v0=\"", "version = \"v0\" #!", "only the forms");
    refused("prefix = \"v0=\"", "token = \"/t\" #!", "means nothing in the scheme");
    refused("prefix = \"v0=\"", "id = \"x-acme-id\" #!", "it is not signed");
}

#[test]
fn a_time_that_is_not_signed_proves_nothing() {
    let text = file().replace("signs = \"v0:{timestamp}:{body}\"\n", "");
    let errors = load(&text).unwrap_err();
    assert!(errors[0].message.contains("it is not signed, so it proves nothing"), "{errors:?}");
}

#[test]
fn places() {
    refused("id = \"x-acme-id\"", "id = \"X-Acme\" #!", "in lower case");
    refused("id = \"x-acme-id\"", "id = \"/~\" #!", "must be a JSON pointer");
    refused("time = \"/created\"", "time = \"x-acme-time\" #!", "must be a JSON pointer");
    refused("type = \"app.removed\"", "type = \" \" #!", "must not be empty");
    refused("needs = \"/app\"", "needs = \"app\" #!", "must be a JSON pointer");
    refused(
        "never_again_status = 410",
        "never_again_status = 410\nalso_disconnected = [\"app.redact\"] #!",
        "needs `address = \"app\"`",
    );
}

#[test]
fn a_scheme_that_signs_no_body_says_so() {
    let signature =
        &EVENTS[EVENTS.find("[events.signature]").unwrap()..EVENTS.find("[events.fields]").unwrap()];
    let basic = file()
        .replace(signature, "[events.signature]\nscheme = \"basic\"\n\n")
        .replace("window = \"5m\"\n", "");
    let said = |text: &str| {
        load(text).err().map(|errors| errors.into_iter().map(|one| one.message).collect::<Vec<_>>())
    };
    let both = said(&basic).unwrap().join("\n");
    assert!(
        both.contains("say `body_signed = false`") && both.contains("no time in it can be believed"),
        "{both}"
    );
    let right =
        basic.replace("max_bytes", "body_signed = false\nmax_bytes").replace("time = \"/created\"\n", "");
    assert_eq!(said(&right), None);
}
