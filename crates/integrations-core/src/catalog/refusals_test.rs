//! Errors in provider files, and their lines.
//!
//! Each case changes one thing in a valid file, marks the line that the error must name with `#!`, and says what the
//! message must contain.

use proptest::prelude::*;

use super::*;

pub(super) const OAUTH: &str = r##"format = 2
key = "acme"
name = "Acme"
description = "Keeps things."
category = "crm"
documentation_url = "https://acme.example/docs"
api_base_url = "{api_domain}/v1"
revoke_page = "https://{subdomain}.acme.example/apps"

[[connection]]
key = "subdomain"
label = "Subdomain"
help = "The first part of your address."
pattern = "^[a-z0-9][a-z0-9-]*$"
mismatch = "Expected the first part of your address"
example = "corp"

[[auth]]
kind = "oauth"

[auth.oauth]
authorize_url = "https://{subdomain}.acme.example/oauth/authorize"
token_url = "https://{subdomain}.acme.example/oauth/token"
token_params = { audience = "api" }
token_headers = { Accept-Language = "en" }
scopes = ["read", "write"]
scope_separator = " "
pkce = "s256"
client_auth = "body"
refresh_rotates = true

[[auth.oauth.extra_scopes]]
param = "optional_scope"
scopes = ["admin"]

[auth.oauth.answer]
access_token = "/access_token"

[[auth.oauth.kept]]
name = "api_domain"
pointer = "/api_domain"
pattern = '^https://[a-z0-9-]+\.acme\.example$'
mismatch = "Expected an address at Acme"
example = "https://corp.acme.example"
required = true

[[auth.oauth.kept]]
name = "team_name"
pointer = "/team/name"

[auth.request]
headers = { Authorization = "Bearer {access_token}" }

[account]
source = "token"
id = ["/team/id", "{subdomain}"]
name = ["/team/name"]

[probe]
method = "GET"
url = "{api_domain}/me"
good_statuses = [200]
refused_statuses = [401]

[probe.answer]
pointer = "/ok"
equals = true

[rate_limit]
retry_after = "retry-after"

[[settings]]
key = "limit"
title = "Limit"
description = "The most there may be."
schema = { type = "integer", minimum = 0 }

[[settings]]
key = "old"
title = "Old"
description = "Nothing any more."
retired = true
schema = { type = "integer", default = 5 }

[[settings]]
key = "webhook_secret"
title = "Secret"
description = "Signs events."
secret = true
schema = { type = "string" }

[[actions]]
key = "read"
label = "Read"
description = "Reads."
kind = "read_only"
default = true
input = [{ key = "id", type = "string", required = true, description = "The thing." }]
request = { method = "GET", path = "/things/{id}" }
result = { keep = { name = "/name" } }
proof = ["https://acme.example/docs/things"]

[[actions.examples]]
name = "a thing"
input = { id = "t 1" }
request = { method = "GET", path = "/things/t%201" }
answers = [{ status = 200, body = '{"name": "One"}', outcome = "succeeded", result = { name = "One" } }]

[[actions]]
key = "remove"
label = "Remove"
description = "Removes."
kind = "destructive"
input = [
  { key = "id", type = "string", required = true, description = "The thing." },
  { key = "count", type = "integer", minimum = 1, maximum = 9, default = 1, description = "How many." },
]
request = { method = "DELETE", path = "/things/{id}", query = { count = "{count}" } }
result = { answer = "none" }
guards = [{ input = "count", at_most = "limit", otherwise = "ask" }]
proof = ["https://acme.example/docs/things"]

[[actions.examples]]
name = "one"
input = { id = "t1" }
request = { method = "DELETE", path = "/things/t1", query = { count = "1" } }
answers = [{ status = 204, outcome = "succeeded" }, { status = 404, outcome = "failed" }]
"##;

pub(super) const API_KEY: &str = r#"format = 2
key = "acme"
name = "Acme"
description = "Keeps things."
category = "crm"
documentation_url = "https://acme.example/docs"
api_base_url = "https://acme.example"

[[auth]]
kind = "api_key"
page = "https://acme.example/keys#new"

[[auth.fields]]
key = "api_key"
label = "API key"
help = "Under Settings."

[auth.request]
headers = { Authorization = "Bearer {api_key}" }

[probe]
method = "GET"
url = "https://acme.example/me"
good_statuses = [200]
refused_statuses = [401]
"#;

pub(super) fn load(text: &str) -> Result<Catalog, Vec<ProviderFileError>> {
    let files = [("acme.toml".to_owned(), text.to_owned())];
    Catalog::default().with_files(files).map_err(|errors| errors.iter().cloned().collect())
}

/// Replaces `from` by `to` in `file` and expects exactly one error. It contains `message` and is on the line marked
/// `#!`, or else on the first line of the replacement.
#[track_caller]
pub(super) fn refused(file: &str, from: &str, to: &str, message: &str) {
    let text = file.replace(from, to);
    let at = text.find("#!").or_else(|| file.find(from)).unwrap();
    refused_at(file, from, to, text[..at].matches('\n').count() + 1, message);
}

/// Replaces `from` by `to` in `file` and expects exactly one error, on `line`, that contains `message`.
#[track_caller]
pub(super) fn refused_at(file: &str, from: &str, to: &str, line: usize, message: &str) {
    assert_eq!(file.matches(from).count(), 1, "{from:?} must be there once");
    let text = file.replace(from, to);
    let errors = load(&text).err().unwrap_or_else(|| panic!("{to:?} was taken"));
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert!(errors[0].message.contains(message), "{:?} has no {message:?}", errors[0].message);
    assert_eq!((errors[0].file.as_str(), errors[0].line), ("acme.toml", line), "{}", errors[0]);
}

#[test]
fn the_files_to_change_are_right() {
    for file in [OAUTH, API_KEY] {
        assert!(load(file).is_ok(), "{:#?}", load(file).err());
    }
}

#[test]
fn shape() {
    refused(OAUTH, "pkce = \"s256\"", "pkce = \"s256\"\npkcs = 1 #!", "unknown field `pkcs`");
    refused(OAUTH, "pkce = \"s256\"", "pkce = \"plain\" #!", "unknown variant `plain`");
    refused(OAUTH, "category = \"crm\"", "category = \"cmr\" #!", "unknown variant `cmr`");
    refused(OAUTH, "name = \"Acme\"", "name = 5 #!", "expected a string");
    refused(OAUTH, "name = \"Acme\"", "name #!", "key with no value");
    refused(OAUTH, "name = \"Acme\"", "name = \"Acme\"\nname = \"A\" #!", "duplicate key");
    refused(API_KEY, "good_statuses = [200]", "good_statuses = [70000] #!", "70000");
    // The error for a table that lacks something names the line of its header.
    refused(API_KEY, "[probe]\nmethod = \"GET\"", "[probe] #!", "missing field `method`");
    refused_at(OAUTH, "scopes = [\"read\", \"write\"]\n", "", 21, "missing field `scopes`");
}

#[test]
fn a_file_of_another_form_gets_one_error_that_says_so() {
    for (from, to, message) in [
        ("format = 2\n", "", "this file has format 1. Write it in format 2"),
        ("format = 2", "format = 1", "reads files of format 2"),
        ("format = 2", "format = \"2\"", "reads files of format 2"),
        ("format = 2", "format = 3", "reads files of format 2"),
    ] {
        refused_at(API_KEY, from, to, 1, message);
    }
    let old = API_KEY.replace("format = 2\n", "").replace("[[auth]]\nkind = \"api_key\"", "[api_key]");
    let errors = load(&old).unwrap_err();
    assert!(errors.len() == 1 && errors[0].message.contains("docs/reference/provider-file.md"), "{errors:?}");
}

#[test]
fn identity() {
    refused(API_KEY, "key = \"acme\"\nname", "key = \"Acme\" #!\nname", "lower-case letters");
    refused(API_KEY, "key = \"acme\"\nname", "key = \"catalog\" #!\nname", "reserved");
    refused(
        API_KEY,
        "key = \"acme\"\nname",
        "key = \"acme-2\" #!\nname",
        "the key must be the file's name: `acme`",
    );
    refused(API_KEY, "description = \"Keeps things.\"", "description = \" \" #!", "must not be empty");
    refused(API_KEY, "\"https://acme.example/docs\"", "\"http://acme.example/docs\" #!", "https://");
    refused(API_KEY, "\"https://acme.example/keys#new\"", "\"javascript:alert(1)\" #!", "page");
}

#[test]
fn setup() {
    let second = "[[auth]]\nkind = \"webhook_url\"\n\n[probe]";
    refused_at(API_KEY, "[probe]", second, 22, "`webhook_url` needs [[auth.fields]]");
    let none = &API_KEY[..API_KEY.find("[[auth]]").unwrap()];
    let none = format!("{none}{}", &API_KEY[API_KEY.find("[probe]").unwrap()..]);
    assert!(load(&none).unwrap_err()[0].message.contains("needs an [[auth]] entry"));
    refused(API_KEY, "kind = \"api_key\"", "kind = \"oauth\" #!", "`oauth` needs [auth.oauth]");
    refused(OAUTH, "kind = \"oauth\"", "kind = \"api_key\" #!", "`api_key` needs [[auth.fields]]");
    let header = "headers = { Authorization = \"Bearer {api_key}\" }";
    let both = format!("{header}\nbasic_auth = {{ username = \"{{api_key}}\" }} #!");
    refused(API_KEY, header, &both, "cannot stand beside an Authorization header");
    refused(
        API_KEY,
        header,
        "basic_auth = { username = \"a:{api_key}\" } #!",
        "a user name cannot contain `:`",
    );
    refused(API_KEY, "{ Authorization = ", "{ Host = ", "`Host` is set by the server itself");
    let own = "method = \"GET\"\nheaders = { authorization = \"x\" } #!";
    refused(API_KEY, "method = \"GET\"", own, "is sent by [auth.request] already");
    let unused = API_KEY.replace("Bearer {api_key}", "Bearer");
    refused(
        &unused,
        "key = \"api_key\"",
        "key = \"token\" #!",
        "the only field of a credential must be called `api_key`",
    );
    refused_at(API_KEY, "help = \"Under Settings.\"", "help = \"\"\noptional = true", 13, "must be required");
}

#[test]
fn fields() {
    let pattern = "pattern = \"^[a-z0-9][a-z0-9-]*$\"\n";
    refused(OAUTH, pattern, "pattern = \"[a-z]+\" #!\n", "must be anchored");
    refused(OAUTH, pattern, "pattern = \"^(?!x)[a-z]+$\" #!\n", "look-around");
    refused(OAUTH, pattern, "pattern = \"^[a-z$\" #!\n", "does not compile");
    refused(OAUTH, "example = \"corp\"", "example = \"Corp!\" #!", "not a value of this field");
    refused(
        OAUTH,
        "example = \"corp\"",
        "example = \"corp\"\ndefault = \"Corp!\" #!",
        "not a value of this field",
    );
    refused(
        OAUTH,
        "example = \"corp\"",
        "default = \"Corp\" #!\nexample = \"corp\"",
        "not a value of this field",
    );
    let form = "[[connection]]\nkey = \"Sub-domain\" #!\nlabel = \"Name\"\nhelp = \"\"\n\n[[auth]]";
    refused(API_KEY, "[[auth]]", form, "a name must begin");
    let twice = "[[connection]]\nkey = \"team\"\nlabel = \"Team\"\nhelp = \"\"\n\n[[connection]]\nkey = \"team\" #!\nlabel = \"Team\"\nhelp = \"\"\n\n[[auth]]";
    refused(API_KEY, "[[auth]]", twice, "`team` is listed twice");
    let taken = "[[connection]]\nkey = \"api_key\" #!\nlabel = \"Key\"\nhelp = \"\"\n\n[[auth]]";
    refused(API_KEY, "[[auth]]", taken, "also a name of the credential");
}

#[test]
fn words_for_people_stand_beside_every_pattern() {
    let words = "mismatch = \"Expected the first part of your address\"\n";
    refused_at(OAUTH, words, "", 10, "a pattern needs `mismatch`");
    for pattern in [
        "mismatch = \"^[a-z]+$\"",
        "mismatch = 'Must match \\d+'",
        "mismatch = \" \"",
        "mismatch = \"Wrong.\"",
    ] {
        refused(OAUTH, words, &format!("{pattern} #!\n"), "must be words for people");
    }
    let kept = "mismatch = \"Expected an address at Acme\"\n";
    refused_at(OAUTH, kept, "", 39, "a pattern needs `mismatch`");
    let schema = "schema = { type = \"integer\", default = 5 }";
    let text = "schema = { type = \"array\", items = { type = \"string\", pattern = \"^a$\" } }";
    refused_at(OAUTH, schema, text, 78, "a pattern needs `mismatch`");
    refused(OAUTH, schema, &format!("mismatch = \"x\" #!\n{schema}"), "`mismatch` needs a pattern");
}

#[test]
fn texts_that_a_value_stands_in_name_it_once() {
    let example = "example = \"corp\"";
    for wrong in [
        "https://acme.example/",
        "{subdomain}",
        "https://{team}.acme.example",
        "https://a/{subdomain}/{subdomain}",
    ] {
        refused(
            OAUTH,
            example,
            &format!("found_in = [\"{wrong}\"] #!\n{example}"),
            "must contain `{subdomain}` once",
        );
    }
}

#[test]
fn hosts_are_decided_by_strict_patterns_alone() {
    let pattern = "pattern = \"^[a-z0-9][a-z0-9-]*$\"";
    for loose in ["^.+$", "^[^/]+$", r"^[\\w.-]*$", "^[a-z0-9:]+$", "^[a-z@]+$"] {
        let text = OAUTH.replace(pattern, &format!("pattern = \"{loose}\""));
        let errors = load(&text).err().unwrap_or_else(|| panic!("{loose} was taken"));
        assert!(errors.iter().all(|error| error.message.contains("lead to another host")), "{errors:?}");
        // One error for each URL that uses it.
        assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [8, 22, 23], "{loose}");
    }
    let kept = r"pattern = '^https://[a-z0-9-]+\.acme\.example$'";
    for loose in
        ["'^https://.*$'", r"'^https://.*\.acme\.example$'", r"'^https?://[a-z0-9-]+\.acme\.example$'"]
    {
        let text = OAUTH.replace(kept, &format!("pattern = {loose}"));
        let errors = load(&text).err().unwrap_or_else(|| panic!("{loose} was taken"));
        assert_eq!(errors.iter().map(|error| error.line).collect::<Vec<_>>(), [7, 61], "{loose}");
    }
    refused_at(API_KEY, "https://acme.example/me", "{api_key}/me", 23, "needs a pattern");
    let without_example = OAUTH.replace("example = \"corp\"\n", "");
    assert!(
        load(&without_example).unwrap_err().iter().all(|error| error.message.contains("needs an example"))
    );
}

#[test]
fn urls() {
    let url = "url = \"https://acme.example/me\"";
    refused(API_KEY, url, "url = \"http://acme.example/me\" #!", "https://");
    refused(API_KEY, url, "url = \"https://user@acme.example/me\" #!", "user name");
    refused(API_KEY, url, "url = \"https://10.0.0.1/me\" #!", "not an address");
    refused(API_KEY, url, "url = \"https://acme.example/{me\" #!", "a `{` without `}`");
    refused(
        API_KEY,
        url,
        "url = \"https://acme.example/{shop}\" #!",
        "`{shop}` is unknown; expected `api_key`",
    );
    let token_url = "token_url = \"https://{subdomain}.acme.example/oauth/token\"";
    refused(
        OAUTH,
        token_url,
        "token_url = \"https://acme.example/{access_token}\" #!",
        "is secret, or not known at this point",
    );
    refused(
        OAUTH,
        token_url,
        "token_url = \"{api_domain}/oauth/token\" #!",
        "is secret, or not known at this point",
    );
    refused(OAUTH, "url = \"{api_domain}/me\"", "url = \"{api_domain}/{team_name}\" #!", "may be missing");
    let secret = "[[connection]]\nkey = \"pin\"\nlabel = \"PIN\"\nhelp = \"Any.\"\nsecret = true #!\n\n[probe]\nmethod";
    refused(API_KEY, "[probe]\nmethod", secret, "secrets belong to the credential");
    let page = "revoke_page = \"https://{subdomain}.acme.example/apps\"";
    refused(
        OAUTH,
        page,
        "revoke_page = \"https://acme.example/{access_token}\" #!",
        "is secret, or not known at this point",
    );
}

#[test]
fn oauth() {
    let params = "token_params = { audience = \"api\" }";
    refused(OAUTH, params, "token_params = { grant_type = \"password\" } #!", "set by the server itself");
    refused(OAUTH, params, "authorize_params = { state = \"x\" } #!", "set by the server itself");
    refused(OAUTH, params, "authorize_params = { a = \"{access_token}\" } #!", "`{access_token}` is unknown");
    refused(OAUTH, params, "token_params = { a = \"{nobody}\" } #!", "`{nobody}` is unknown");
    refused(OAUTH, params, "refresh_params = { a = \"{\" } #!", "a `{` without `}`");
    refused(OAUTH, params, "refresh_url = \"http://acme.example\" #!", "https://");
    refused(OAUTH, params, "refresh_url = \"https://acme.example/{access_token}\" #!", "secret");
    refused(OAUTH, params, "default_lifetime_seconds = 0 #!", "must be more than 0");
    refused(OAUTH, params, "issuer = \"http://acme.example\" #!", "must begin with https://");
    refused(OAUTH, params, "issuer = \"https://acme.example?x=1\" #!", "an issuer cannot have a query");
    refused(OAUTH, params, "issuer = \"https://{api_domain}\" #!", "not known at this point");
    let tenant = OAUTH.replace("subdomain", "tenant");
    refused(&tenant, params, "callback_checks = [\"shopify_hmac\"] #!", "the connection field `subdomain`");
    refused(OAUTH, params, "issuer_required = true #!", "needs `issuer`");
    refused(OAUTH, params, "implied_scopes = { write = [\"read read\"] } #!", "not a scope");
    refused(OAUTH, "{ Accept-Language = \"en\" }", "{ \"a b\" = \"en\" } #!", "not a header name");
    refused(
        OAUTH,
        "{ Accept-Language = \"en\" }",
        "{ Host = \"evil.example\" } #!",
        "`Host` is set by the server itself",
    );
    refused(
        OAUTH,
        "scopes = [\"read\", \"write\"]",
        "scopes = [\"read\", \"read\"] #!",
        "the scope `read` is listed twice",
    );
    refused(OAUTH, "scopes = [\"read\", \"write\"]", "scopes = [\"read write\"] #!", "not a scope");
    refused(OAUTH, "scope_separator = \" \"", "scope_separator = \";\" #!", "a space or a comma");
    refused(OAUTH, "param = \"optional_scope\"", "param = \"scope\" #!", "set by the server itself");
    refused(OAUTH, "access_token = \"/access_token\"", "access_token = \"access_token\" #!", "JSON pointer");
    let pointer = "access_token = \"/access_token\"";
    refused(OAUTH, pointer, "error = [\"/error\", \"status\"] #!", "JSON pointer");
    refused(OAUTH, pointer, "error = \"status\" #!", "JSON pointer");
    refused(OAUTH, pointer, "error = [] #!", "needs at least one");
    refused(OAUTH, pointer, "error = 5 #!", "expected a list of strings");
    refused(
        OAUTH,
        "name = \"team_name\"",
        "name = \"refresh_token\" #!",
        "every credential with tokens uses it",
    );
    refused(OAUTH, "name = \"team_name\"", "name = \"api_domain\" #!", "`api_domain` is listed twice");
    refused(
        OAUTH,
        "example = \"https://corp.acme.example\"",
        "example = \"https://acme.example\" #!",
        "does not match",
    );
}

#[test]
fn places_and_codes_of_errors_are_read_in_each_form() {
    let with = |line: &str| load(&OAUTH.replace("access_token = \"/access_token\"", line)).unwrap();
    let answer = |line: &str| with(line).get("acme").unwrap().oauth().unwrap().tokens.answer.clone();
    let places =
        |line: &str| answer(line).error.iter().map(|place| place.as_str().to_owned()).collect::<Vec<_>>();
    assert_eq!(places(""), ["/error"]);
    assert_eq!(places("error = [\"/error\", \"/status\"]"), ["/error", "/status"]);
    assert_eq!(places("error = \"/code\""), ["/code"]);
    assert_eq!(answer("dead_errors = [40029, \"gone\"]").dead_errors, ["40029", "gone"]);
}

#[test]
fn account_and_probe() {
    refused(OAUTH, "id = [\"/team/id\", \"{subdomain}\"]", "id = [\"{team}\"] #!", "kept fields in braces");
    refused_at(OAUTH, "source = \"token\"", "source = \"profile\"", 54, "needs [account.profile]");
    let account = "[account]\nsource = \"token\" #!\nid = [\"/id\"]\nname = [\"/name\"]\n\n[probe]";
    refused(API_KEY, "[probe]", account, "only an OAuth provider has a token answer");
    refused(API_KEY, "method = \"GET\"", "method = \"DELETE\" #!", "a probe must change nothing");
    refused(API_KEY, "method = \"GET\"", "method = \"GET\"\nbody = { a = 1 } #!", "only POST has a body");
    refused(
        API_KEY,
        "method = \"GET\"",
        "method = \"POST\"\nbody = { a = 2026-01-01 } #!",
        "JSON has no dates",
    );
    refused(API_KEY, "\"Bearer {api_key}\"", "\"Bearer {access_token}\"", "`{access_token}` is unknown");
    refused(API_KEY, "refused_statuses = [401]", "refused_statuses = [200] #!", "both good and refused");
    refused(API_KEY, "refused_statuses = [401]", "refused_statuses = [42] #!", "not an HTTP status");
    refused(API_KEY, "good_statuses = [200]", "good_statuses = [] #!", "needs at least one status");
    refused(API_KEY, "good_statuses = [200]", "good_statuses = [200]\ninterval_seconds = 1 #!", "30 seconds");
    let limit = "retry_after = \"retry-after\"";
    refused(OAUTH, limit, "errors = [\"slow\"] #!", "needs `error`");
    refused(OAUTH, limit, "error = \"/code\" #!", "needs `errors`");
    refused(OAUTH, "equals = true", "equals = true\nrefused_errors = [\"gone\"] #!", "needs `error`");
    refused(API_KEY, "method = \"GET\"", "method = \"HEAD\" #!", "the answer to HEAD has no body");
    refused(API_KEY, "good_statuses = [200]", "good_statuses = [200, 204] #!", "204 has no body");
    for (answer, message) in [
        ("shape = \"list\" #!", "unknown variant `list`"),
        ("shape = \"none\"\npointer = \"/id\" #!", "the body is not looked at"),
        ("shape = \"none\"\nerror = \"/error\" #!", "the body is not looked at"),
        ("equals = true #!", "needs `pointer`"),
        ("refused_otherwise = true #!", "needs `pointer`"),
        ("pointer = \"id\" #!", "JSON pointer"),
    ] {
        let to = format!("refused_statuses = [401]\n[probe.answer]\n{answer}");
        refused(API_KEY, "refused_statuses = [401]", &to, message);
    }
    refused(OAUTH, "retry_after = \"retry-after\"", "retry_after = \"Retry-After\" #!", "lower case");
}

#[test]
fn settings() {
    refused(OAUTH, "key = \"webhook_secret\"", "key = \"limit\" #!", "`limit` is listed twice");
    let schema = "schema = { type = \"integer\", default = 5 }";
    refused(
        OAUTH,
        schema,
        "schema = { type = \"integer\", default = \"5\" } #!",
        "not a value of this setting",
    );
    refused(OAUTH, schema, "schema = { default = 5 } #!", "a setting needs a `type`");
    refused(OAUTH, schema, "schema = { type = \"string\", writeOnly = true } #!", "write it as `secret`");
    let unsound = load(&OAUTH.replace(schema, "schema = { type = \"whole\" }")).unwrap_err();
    assert!(unsound.iter().any(|error| error.message.contains("whole")), "{unsound:?}");
    let number = load(&OAUTH.replace("schema = { type = \"string\" }", "schema = { type = \"integer\" }"))
        .unwrap_err();
    assert!(number.iter().any(|error| error.message.contains("must have type \"string\"")), "{number:?}");
}

#[test]
fn all_errors_of_all_files_are_told_at_once_in_order() {
    let first = API_KEY.replace("name = \"Acme\"", "name = \"\"").replace("[401]", "[200]");
    let files = [
        ("b/acme.toml", first.as_str()),
        ("a/other.toml", "nonsense"),
        ("a/acme.toml", API_KEY),
        ("c/acme.toml", API_KEY),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned()));
    let errors = Catalog::default().with_files(files).unwrap_err();
    let places: Vec<(&str, usize)> = errors.iter().map(|error| (error.file.as_str(), error.line)).collect();
    assert_eq!(places, [("a/other.toml", 1), ("b/acme.toml", 3), ("b/acme.toml", 25), ("c/acme.toml", 1)]);
    let text = errors.to_string();
    assert!(text.starts_with("a/other.toml:1:"), "{text}");
    assert!(text.ends_with("c/acme.toml:1:1: the provider `acme` is also in a/acme.toml"), "{text}");
    assert_eq!(text.lines().count(), 4);
}

#[test]
fn a_file_takes_the_place_of_a_built_in_provider() {
    let catalog = Catalog::embedded().unwrap();
    let count = catalog.iter().count();
    let slack = API_KEY.replace("\"acme\"", "\"slack\"");
    let files = [("slack.toml".to_owned(), slack), ("acme.toml".to_owned(), API_KEY.to_owned())];
    let catalog = catalog.with_files(files).unwrap();
    assert_eq!(catalog.iter().count(), count + 1);
    assert_eq!(catalog.get("slack").unwrap().name, "Acme");
    let found: Vec<&str> =
        catalog.search(Some("keeps things"), None).iter().map(|p| p.key.as_str()).collect();
    assert_eq!(found, ["acme", "slack"]);
}

proptest! {
    /// Whatever is cut out of a file or inserted, the file is accepted, or refused with errors at lines that exist.
    #[test]
    fn a_spoilt_file_is_refused_in_its_place(from in 0..OAUTH.len(), length in 0usize..60, put in "[ -~\\n]{0,12}") {
        let to = (from + length).min(OAUTH.len());
        let text = format!("{}{put}{}", &OAUTH[..from], &OAUTH[to..]);
        for error in load(&text).err().unwrap_or_default() {
            prop_assert!(error.line >= 1 && error.line <= text.lines().count().max(1) + 1, "{}", error);
            prop_assert!(error.column >= 1 && !error.message.is_empty(), "{}", error);
        }
    }
}

#[test]
fn columns_count_characters() {
    let errors = load("key = \"é\"; x").unwrap_err();
    assert_eq!((errors[0].line, errors[0].column), (1, 10), "{errors:?}");
}
