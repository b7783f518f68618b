//! What provider files say of revoking access.

use super::refusals_test::{API_KEY, load, refused};
use super::*;
use crate::revocation::Reaches;

/// The table, before the probe of a file.
fn with(file: &str, table: &str) -> String {
    file.replace("[probe]\n", &format!("{table}\n\n[probe]\n"))
}

const TOKEN: &str = r#"[auth.revoke.token]
method = "POST"
url = "https://acme.example/revoke"
form = { token = "{token}", app = "{client_id}" }
client_auth = "basic"
tokens = ["refresh_token", "access_token"]"#;

const GRANT: &str = r#"[auth.revoke.grant]
method = "DELETE"
url = "https://acme.example/apps/{client_id}"
sends_credential = true"#;

fn calls(text: &str) -> RevokeCalls {
    let catalog = load(text).unwrap_or_else(|errors| panic!("{errors:#?}"));
    match catalog.get("acme").unwrap().revoke.clone() {
        Some(Revoke::Calls(calls)) => *calls,
        other => panic!("{other:?}"),
    }
}

fn oauth() -> String {
    super::refusals_test::OAUTH.to_owned()
}

#[test]
fn a_grant_is_ended_only_where_nothing_else_lives_by_it() {
    let both = calls(&with(&oauth(), &format!("{TOKEN}\n\n{GRANT}")));
    let chosen = |calls: &RevokeCalls, is_shared| calls.choose(is_shared).map(|(reaches, _)| reaches);
    assert_eq!(chosen(&both, false), Some(Reaches::Grant));
    assert_eq!(chosen(&both, true), Some(Reaches::Token));
    let token = calls(&with(&oauth(), TOKEN));
    assert_eq!((chosen(&token, false), chosen(&token, true)), (Some(Reaches::Token), Some(Reaches::Token)));
    let grant = calls(&with(&oauth(), GRANT));
    assert_eq!((chosen(&grant, false), chosen(&grant, true)), (Some(Reaches::Grant), None));
}

#[test]
fn what_is_wrong_is_refused() {
    let file = with(&oauth(), TOKEN);
    for (from, to, message) in [
        (
            "method = \"POST\"\nurl = \"https://acme.example/revoke\"",
            "method = \"GET\" #!\nurl = \"https://acme.example/revoke\"",
            "neither GET nor HEAD",
        ),
        ("https://acme.example/revoke", "https://acme.example/{token}", "secret"),
        ("https://acme.example/revoke", "https://acme.example/{access_token}", "secret"),
        ("https://acme.example/revoke", "https://{client_id}.example/revoke", "decides the host"),
        ("app = \"{client_id}\"", "app = \"{client}\"", "`{client}` is unknown"),
        ("tokens = [\"refresh_token\", \"access_token\"]", "", "`{token}` needs `tokens`"),
        ("[\"refresh_token\", \"access_token\"]", "[\"access_token\", \"access_token\"]", "is listed twice"),
        ("[\"refresh_token\", \"access_token\"]", "[\"id_token\"]", "unknown variant `id_token`"),
        ("token = \"{token}\", app", "app", "needs `{token}`"),
        (
            "client_auth = \"basic\"",
            "client_auth = \"body\"\nheaders = { Host = \"x\" } #!",
            "is set by the server itself",
        ),
        (
            "client_auth = \"basic\"",
            "client_auth = \"basic\" #!\nsends_credential = true",
            "cannot stand beside an Authorization",
        ),
        (
            "client_auth = \"basic\"",
            "client_auth = \"basic\"\njson = { token = \"{token}\" } #!",
            "cannot stand beside `form`",
        ),
    ] {
        let text = file.replacen(from, to, 1);
        assert_ne!(text, file, "{from:?}");
        let errors = load(&text).err().unwrap_or_else(|| panic!("{to:?} was taken"));
        assert!(
            errors.iter().any(|error| error.message.contains(message)),
            "{message:?} is not in {errors:#?}"
        );
    }
    let body = file.replace("client_auth = \"basic\"", "client_auth = \"body\"");
    let twice = body.replace("app = \"{client_id}\"", "client_id = \"{client_id}\"");
    assert!(load(&twice).unwrap_err()[0].message.contains("by itself"));
    let nothing = with(API_KEY, "[auth.revoke.token]\nmethod = \"POST\"\nurl = \"https://acme.example/x\"");
    assert!(load(&nothing).unwrap_err()[0].message.contains("nothing tells what is to be revoked"));
    let app = with(
        API_KEY,
        &GRANT.replace("{client_id}", "all").replace("sends", "client_auth = \"basic\"\nsends"),
    );
    let errors = load(&app).unwrap_err();
    assert!(errors.iter().any(|error| error.message.contains("only an OAuth provider")), "{errors:#?}");
}

#[test]
fn one_way_or_a_reason() {
    let file = API_KEY;
    refused(file, "[probe]", "[auth.revoke] #!\n\n[probe]", "needs [auth.revoke.token]");
    let why = |text: &str| format!("[auth.revoke]\nunsupported = \"{text}\" #!\n\n[probe]");
    refused(file, "[probe]", &why(" "), "must be words for people");
    refused(file, "[probe]", &why("It cannot."), "must be words for people");
    let both = format!(
        "[auth.revoke]\nunsupported = \"No\" #!\n\n{}\n\n[probe]",
        GRANT.replace("{client_id}", "all")
    );
    refused(file, "[probe]", &both, "cannot stand beside what is supported");
    assert!(load(&with(file, "[auth.revoke]\nunsupported = \"A person deletes it\"")).is_ok());
}

#[test]
fn access_tokens_live_on_only_where_the_refresh_token_alone_is_sent() {
    let life = |seconds: &str, tokens: &str| {
        let table = format!("[auth.revoke]\naccess_token_lives_seconds = {seconds}\n\n{TOKEN}");
        with(&oauth(), &table).replace("[\"refresh_token\", \"access_token\"]", tokens)
    };
    let only = "[\"refresh_token\"]";
    assert_eq!(calls(&life("1800", only)).access_token_lives_seconds, Some(1800));
    for (seconds, tokens, message) in [
        ("0", only, "between a second and a week"),
        ("604801", only, "between a second and a week"),
        ("60", "[\"refresh_token\", \"access_token\"]", "are not left over"),
    ] {
        assert!(load(&life(seconds, tokens)).unwrap_err()[0].message.contains(message), "{seconds} {tokens}");
    }
}

#[test]
fn every_built_in_file_says_how_access_is_revoked_or_why_not() {
    assert!(Catalog::built_in().iter().all(|provider| provider.revoke.is_some()));
    let catalog = contract_test::of_the_contract();
    let of = |wanted: fn(&Revoke) -> bool| {
        let has = |provider: &&Arc<Provider>| provider.revoke.as_ref().is_some_and(wanted);
        catalog.iter().filter(has).map(|provider| provider.key.as_str()).collect::<Vec<_>>()
    };
    assert_eq!(
        of(|revoke| matches!(revoke, Revoke::Unsupported(_))),
        ["cal-com", "mailgun", "postmark", "stripe"]
    );
    let is_grant_alone = |revoke: &Revoke| matches!(revoke, Revoke::Calls(calls) if calls.token.is_none());
    assert_eq!(of(is_grant_alone), ["pipedrive", "shopify", "slack"]);
}

#[test]
fn what_revokes_is_never_proxied() {
    let catalog = Catalog::built_in();
    let github = catalog.get("github").unwrap();
    let path = ["applications", "Iv1.abc", "grant"].map(str::to_owned);
    assert!(github.proxying.never.iter().any(|never| never.path.fit(&path) != Fit::Not));
}
