//! Device login (RFC 8628): a program without a browser gets a key that a signed-in person approves.

mod rights;

use integrations_core::ids::ApiKeyId;
use riq_server::{
    edge::client_address::TrustedProxies,
    environment::{Clock as _, Environment},
    jobs::Job as _,
    services::device_logins::DeviceLoginSweep,
};
use serde_json::{Value, json};
use time::Duration;

use crate::{
    dashboard::visitor::{Form, Page, Visitor},
    support::{Answer, Server},
};

on_both!(
    a_person_approves_and_the_program_gets_its_key_once,
    a_code_is_readable_and_counts_however_it_is_written,
    answers_are_bare_and_refusals_in_the_envelope,
    polls_at_the_interval_are_never_refused,
    a_refused_poll_does_not_count_and_the_wait_is_honest,
    an_address_begins_five_logins_a_minute,
    a_ready_made_link_leads_to_no_button,
    only_the_session_that_looked_the_code_up_decides,
    guesses_are_limited,
    an_approval_counts_for_a_minute_from_then_on,
    a_late_approval_revives_nothing,
    an_approval_is_redeemed_once_on_two_replicas,
    a_denied_program_gets_nothing,
    approving_needs_a_fresh_sign_in,
    a_name_cannot_dress_up,
    what_is_stored_of_a_login_opens_nothing_and_goes_away,
    the_same_idempotency_key_gives_strangers_different_codes,
);

const CODE: &str = "/api/auth/device/code";
const TOKEN: &str = "/api/auth/device/token";

/// A program that waits.
#[derive(Clone, Debug)]
struct Program {
    device_code: String,
    user_code: String,
}

async fn begin(server: &Server) -> Program {
    let answer = begin_as(server, "riq on a laptop").await;
    let text = |name: &str| answer.body[name].as_str().unwrap().to_owned();
    Program { device_code: text("device_code"), user_code: text("user_code") }
}

async fn begin_as(server: &Server, name: &str) -> Answer {
    // Each minute has its own five.
    server.clock.advance(Duration::seconds(13));
    let answer = server.call_without_key("POST", CODE).json(&json!({"client_name": name})).send().await;
    assert_eq!(answer.status, 200, "{answer:?}");
    answer
}

async fn poll(server: &Server, program: &Program) -> Answer {
    let body = json!({"device_code": program.device_code});
    server.call_without_key("POST", TOKEN).json(&body).send().await
}

/// Enters a code, and returns what the person sees then.
async fn enter(visitor: &Visitor<'_>, code: &str) -> Page {
    let page = visitor.get("/device").await;
    let answer = visitor.submit(&page.form("/device").with("code", code)).await;
    if answer.status == 303 { visitor.follow(&answer).await } else { answer }
}

/// The form to approve, with the server's project chosen.
async fn approval(server: &Server, visitor: &Visitor<'_>, program: &Program) -> Form {
    enter(visitor, &program.user_code).await.form("/approve").with("project", &server.project.to_string())
}

/// A program that the server's key has approved with these scopes.
async fn approved(server: &Server, visitor: &Visitor<'_>, scopes: &[&str]) -> Program {
    let program = begin(server).await;
    let mut form = approval(server, visitor, &program).await.without("scope.read");
    for scope in scopes {
        form = form.with(&format!("scope.{scope}"), "on");
    }
    visitor.submit(&form).await.says(200, "Access given");
    program
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

async fn a_person_approves_and_the_program_gets_its_key_once(server: &Server) {
    let program = begin(server).await;
    poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
    let visitor = Visitor::new(server);
    // Whoever is not signed in comes back here afterwards.
    let asked = visitor.get(&format!("/device?code={}", program.user_code)).await;
    let sign_in = visitor.follow(&asked).await;
    let signed_in = visitor.submit(&sign_in.form("/sign-in").with("api_key", &server.key.text)).await;
    signed_in.leads_to(&format!("/device?code={}", program.user_code));
    let page = visitor.follow(&signed_in).await;
    let claimed = visitor.submit(&page.form("/device")).await;
    let page = visitor.follow(&claimed).await;
    page.says(200, "exactly this code")
        .says(200, &program.user_code)
        .says(200, "Program (unverified) riq on a laptop");
    page.says(200, "Asked from 127.0.0.1").says(200, "Organization Acme");
    poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
    let form = page.form("/approve").with("project", &server.project.to_string());
    visitor.submit(&form).await.says(200, "Access given");
    let answer = poll(server, &program).await;
    let key = text(&answer.body, "access_token");
    assert_eq!((text(&answer.body, "token_type"), text(&answer.body, "scope")), ("bearer", "read"));
    assert_eq!(answer.body["expires_in"], 24 * 60 * 60, "the shortest life, as nothing longer was chosen");
    assert_eq!(text(&answer.body, "project_id"), server.project.to_string());
    server.call_as(key, "GET", &server.at("")).send().await.data();
    server.call_as(key, "DELETE", &server.at("/slack")).send().await.refused(403, "INSUFFICIENT_SCOPE");
    let other = server.other_project().await;
    let elsewhere = format!("/api/v1/projects/{other}/integrations");
    server.call_as(key, "GET", &elsewhere).send().await.refused(403, "API_KEY_PROJECT_MISMATCH");
    // It is named after the program, and the log says who approved it.
    let id: ApiKeyId = text(&answer.body, "key_id").parse().unwrap();
    let record = server.store.api_key(id).await.unwrap().unwrap();
    assert_eq!((record.name.as_str(), record.tier.as_str()), ("riq on a laptop", "starter"));
    assert_eq!(record.made_by, Some(server.key.id.to_string()));
    let events = server
        .sql
        .rows("SELECT * FROM audit_events WHERE action = 'api_key.created' ORDER BY id DESC LIMIT 1", [])
        .await;
    assert_eq!(text(&events[0], "actor_key_id"), server.key.id.to_string());
    let changes = text(&events[0], "changes");
    assert!(changes.contains(&id.to_string()) && changes.contains("127.0.0.1"), "{changes}");
    // Never a second one, whatever is repeated.
    poll(server, &program).await.refused(400, "EXPIRED_TOKEN");
    visitor.submit(&form).await.says(409, "cannot be decided any more");
    poll(server, &program).await.refused(400, "EXPIRED_TOKEN");
}

async fn a_code_is_readable_and_counts_however_it_is_written(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    for change in [
        |code: &str| code.to_lowercase(),
        |code: &str| code.replace('-', ""),
        |code: &str| format!("  {} ", code.replace('-', " ")),
        |code: &str| code.replace('-', "\u{2013}"),
    ] {
        let program = begin(server).await;
        let code = &program.user_code;
        assert!(
            code.len() == 9 && code.as_bytes()[4] == b'-' && !code.contains(['O', '0', 'I', '1', 'L']),
            "{code}"
        );
        enter(&visitor, &change(code)).await.says(200, "Give a program access?");
    }
}

async fn answers_are_bare_and_refusals_in_the_envelope(server: &Server) {
    let begun = begin_as(server, "riq").await;
    let code = text(&begun.body, "user_code");
    let page = format!("http://{}/device", server.address);
    assert_eq!(text(&begun.body, "verification_uri"), page);
    assert_eq!(text(&begun.body, "verification_uri_complete"), format!("{page}?code={code}"));
    assert_eq!((&begun.body["expires_in"], &begun.body["interval"]), (&json!(900), &json!(5)));
    let post = |target: &str, body: &Value| server.call_without_key("POST", target).json(body).send();
    for (target, body, issue) in [
        (CODE, json!({}), "client_name: Required"),
        (CODE, json!({"client_name": 1}), "client_name: Expected string"),
        (CODE, json!({"client_name": "\u{202e}"}), "client_name: Must contain a letter or a digit"),
        (TOKEN, json!({}), "device_code: Required"),
        (TOKEN, json!({"device_code": "x", "more": 1}), "more: Unknown field"),
    ] {
        assert_eq!(post(target, &body).await.refused(400, "BAD_REQUEST").issues(), [issue]);
    }
    for unknown in ["", "x", &"A".repeat(43)] {
        post(TOKEN, &json!({"device_code": unknown})).await.refused(400, "EXPIRED_TOKEN");
    }
    // The other base path leads here too, and no key is needed, good or bad.
    server.clock.advance(Duration::minutes(2));
    for target in [CODE, "/v1/auth/device/code"] {
        assert_eq!(post(target, &json!({"client_name": "riq"})).await.status, 200);
    }
    let refused =
        server.call_as("riq_nonsense", "POST", CODE).json(&json!({"client_name": "riq"})).send().await;
    assert_eq!(refused.status, 200);
    server.call_without_key("GET", CODE).send().await.refused(405, "METHOD_NOT_ALLOWED");
}

/// Every 5 s, up to 0.4 s early or late, for 14 minutes.
async fn polls_at_the_interval_are_never_refused(server: &Server) {
    let program = begin(server).await;
    let started = server.clock.now();
    for number in 0..166_i64 {
        let jitter = [400, -400, 0, -400, 400, 123][usize::try_from(number % 6).unwrap()];
        let due = started + Duration::milliseconds(number * 5_000 + jitter);
        server.clock.advance(std::cmp::max(due - server.clock.now(), Duration::ZERO));
        poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
    }
    let visitor = Visitor::signed_in(server).await;
    let form = approval(server, &visitor, &program).await;
    visitor.submit(&form).await.says(200, "Access given");
    assert_eq!(poll(server, &program).await.status, 200);
}

async fn a_refused_poll_does_not_count_and_the_wait_is_honest(server: &Server) {
    let (program, other) = (begin(server).await, begin(server).await);
    let mut polls = 0;
    let refused = loop {
        let answer = poll(server, &program).await;
        if answer.status == 429 {
            break answer;
        }
        answer.refused(202, "AUTHORIZATION_PENDING");
        polls += 1;
    };
    assert!((12..=20).contains(&polls), "{polls} polls in a minute");
    let wait = refused.refused(429, "SLOW_DOWN").body["retry_after"].as_i64().unwrap();
    assert_eq!(refused.header("retry-after"), Some(wait.to_string().as_str()));
    for _ in 0..5 {
        server.clock.advance(Duration::seconds(1));
        poll(server, &program).await.refused(429, "SLOW_DOWN");
    }
    poll(server, &other).await.refused(202, "AUTHORIZATION_PENDING");
    server.clock.advance(Duration::seconds(wait - 5));
    poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
}

async fn an_address_begins_five_logins_a_minute(server: &Server) {
    let behind = server
        .replica(|settings| {
            let (networks, header) =
                (vec!["127.0.0.0/8".parse().unwrap()], "x-forwarded-for".parse().unwrap());
            settings.trusted_proxies = Some(TrustedProxies { networks, header });
        })
        .await;
    let ask = async |address: &str| {
        let call = behind.call_without_key("POST", CODE).header("x-forwarded-for", address);
        call.json(&json!({"client_name": "riq"})).send().await
    };
    for _ in 0..5 {
        assert_eq!(ask("192.0.2.1").await.status, 200);
    }
    let refused = ask("192.0.2.1").await;
    let wait = refused.refused(429, "RATE_LIMITED").body["retry_after"].as_i64().unwrap();
    assert_eq!(ask("192.0.2.2").await.status, 200);
    server.clock.advance(Duration::seconds(wait));
    assert_eq!(ask("192.0.2.1").await.status, 200);
    behind.stop().await;
}

/// An attacker begins a login and sends an administrator the complete link.
async fn a_ready_made_link_leads_to_no_button(server: &Server) {
    let program = begin(server).await;
    let visitor = Visitor::signed_in(server).await;
    let link = format!("/device?code={}", program.user_code);
    for _ in 0..2 {
        let page = visitor.get(&link).await;
        page.says(200, "Did somebody send you here?");
        assert_eq!(page.form("/device").value("code"), Some(program.user_code.as_str()));
        assert!(
            !page.text.contains("/device/approve") && !page.text.contains("riq on a laptop"),
            "{}",
            page.text
        );
    }
    let statuses = server.sql.rows("SELECT status, session_id FROM device_logins", []).await;
    assert_eq!(statuses, [json!({"status": "pending", "session_id": null})]);
    // A form of another site's page is refused too.
    let body = format!("code={}", program.user_code);
    visitor.post("/device", body.clone()).await.says(403, "This form cannot be used any more");
    visitor.post("/dashboard/device/approve", body).await.says(403, "This form cannot be used any more");
    // Who goes on all the same finds nothing chosen beyond reading.
    let form = enter(&visitor, &program.user_code).await.form("/approve");
    let ticked: Vec<&str> =
        form.fields.iter().map(|(name, _)| name.as_str()).filter(|name| name.starts_with("scope.")).collect();
    assert_eq!(
        (ticked, form.value("project"), form.value("life")),
        (vec!["scope.read"], Some(""), Some("1d"))
    );
    visitor.submit(&form).await.says(400, "Choose a project");
    poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
}

async fn only_the_session_that_looked_the_code_up_decides(server: &Server) {
    let program = begin(server).await;
    let (one, other) = (Visitor::signed_in(server).await, Visitor::new(server));
    let second = server.key_for(&["admin"]).await;
    other.sign_in(&second.text).await.leads_to("/dashboard");
    let form = approval(server, &one, &program).await;
    // The other session has its own token, and knows the code.
    let own = other.get("/device").await.form("/device");
    let forged =
        Form { action: form.action.clone(), ..form.clone() }.with("csrf", own.value("csrf").unwrap());
    other.submit(&forged).await.says(409, "cannot be decided any more");
    let denial = Form { action: "/dashboard/device/deny".into(), ..forged };
    other.submit(&denial).await.says(409, "cannot be decided any more");
    other.submit(&own.with("code", &program.user_code)).await.says(404, "no open login with this code");
    poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
    // Nor may another session of the same key take it: several people may have one key.
    let again = Visitor::signed_in(server).await;
    enter(&again, &program.user_code).await.says(404, "no open login with this code");
    one.submit(&form).await.says(200, "Access given");
    one.submit(&form).await.says(409, "cannot be decided any more");
    assert_eq!(poll(server, &program).await.status, 200);
}

async fn guesses_are_limited(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let page = visitor.get("/device").await;
    let guess = page.form("/device").with("code", "ABCD-2345");
    let mut guesses = 0;
    let refused = loop {
        let answer = visitor.submit(&guess).await;
        if answer.status == 429 {
            break answer;
        }
        answer.says(404, "no open login with this code");
        guesses += 1;
        assert!(guesses < 50, "{guesses} guesses");
    };
    assert!((5..=10).contains(&guesses), "{guesses}");
    let wait: i64 = refused.header("retry-after").unwrap().parse().unwrap();
    // Other sessions at the same address have a limit together.
    let mut more = 0;
    for _ in 0..4 {
        let visitor = Visitor::signed_in(server).await;
        let guess = visitor.get("/device").await.form("/device").with("code", "ABCD-2345");
        while more < 40 && visitor.submit(&guess).await.status == 404 {
            more += 1;
        }
    }
    assert!(more < 20, "{more}");
    server.clock.advance(Duration::seconds(wait + 61));
    let program = begin(server).await;
    enter(&visitor, &program.user_code).await.says(200, "Give a program access?");
}

async fn an_approval_counts_for_a_minute_from_then_on(server: &Server) {
    let program = begin(server).await;
    let begun = server.clock.now();
    server.clock.advance(Duration::seconds(880));
    let visitor = Visitor::signed_in(server).await;
    let form = approval(server, &visitor, &program).await;
    // Sending a form takes a second here.
    server.clock.advance(begun + Duration::seconds(898) - server.clock.now());
    visitor.submit(&form).await.says(200, "Access given");
    server.clock.advance(Duration::seconds(4));
    assert_eq!(poll(server, &program).await.status, 200, "approved at second 899, asked for at 903");

    let stale = approved(server, &visitor, &["read"]).await;
    server.clock.advance(Duration::seconds(60));
    poll(server, &stale).await.refused(400, "EXPIRED_TOKEN");
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM api_keys", []).await, 2);
}

async fn a_late_approval_revives_nothing(server: &Server) {
    let (program, denied) = (begin(server).await, begin(server).await);
    server.clock.advance(Duration::seconds(870));
    let visitor = Visitor::signed_in(server).await;
    let form = approval(server, &visitor, &program).await;
    let denial = enter(&visitor, &denied.user_code).await.form("/deny");
    server.clock.advance(Duration::seconds(60));
    for late in [&form, &denial] {
        visitor.submit(late).await.says(409, "cannot be decided any more");
    }
    enter(&visitor, &program.user_code).await.says(404, "no open login with this code");
    for program in [&program, &denied] {
        poll(server, program).await.refused(400, "EXPIRED_TOKEN");
    }
}

async fn an_approval_is_redeemed_once_on_two_replicas(server: &Server) {
    let public_url = format!("http://{}", server.address).parse().unwrap();
    let replica = server.replica(|settings| settings.public_url = public_url).await;
    let visitor = Visitor::signed_in(server).await;
    for _ in 0..3 {
        let program = begin(server).await;
        let form = approval(server, &visitor, &program).await;
        // Two decisions at once, on two replicas.
        let elsewhere = visitor.at(&replica);
        let denial = Form { action: form.action.replace("approve", "deny"), ..form.clone() };
        let (yes, no) = tokio::join!(visitor.submit(&form), elsewhere.submit(&denial));
        let mut decided = [yes.status, no.status];
        decided.sort_unstable();
        assert_eq!(decided, [200, 409]);

        let program = approved(server, &visitor, &["read"]).await;
        let polls = tokio::join!(
            poll(server, &program),
            poll(&replica, &program),
            poll(server, &program),
            poll(&replica, &program)
        );
        let polls = [polls.0, polls.1, polls.2, polls.3];
        let keys = polls.iter().filter(|answer| answer.status == 200).count();
        assert_eq!(keys, 1, "{polls:?}");
        for answer in polls.iter().filter(|answer| answer.status != 200) {
            answer.refused(400, "EXPIRED_TOKEN");
        }
    }
    // The server's own, and one for each approval that was redeemed.
    assert_eq!(server.sql.count("SELECT COUNT(*) FROM api_keys", []).await, 4);
    replica.stop().await;
}

async fn a_denied_program_gets_nothing(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let program = begin(server).await;
    let page = enter(&visitor, &program.user_code).await;
    visitor.submit(&page.form("/deny")).await.says(200, "Access denied");
    for _ in 0..2 {
        poll(server, &program).await.refused(403, "ACCESS_DENIED");
    }
    let form = page.form("/approve").with("project", &server.project.to_string());
    visitor.submit(&form).await.says(409, "cannot be decided any more");
    poll(server, &program).await.refused(403, "ACCESS_DENIED");
    server.clock.advance(Duration::minutes(15));
    poll(server, &program).await.refused(400, "EXPIRED_TOKEN");
}

async fn approving_needs_a_fresh_sign_in(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let program = begin(server).await;
    let form = approval(server, &visitor, &program).await;
    server.clock.advance(Duration::minutes(5));
    let back = format!("/dashboard/sign-in?return_to=%2Fdevice%3Fcode%3D{}&fresh=on", program.user_code);
    visitor.submit(&form).await.leads_to(&back);
    visitor.get("/device").await.leads_to("/dashboard/sign-in?return_to=%2Fdevice&fresh=on");
    poll(server, &program).await.refused(202, "AUTHORIZATION_PENDING");
    // Signing in again leads back, and the code is confirmed again.
    let sign_in = visitor.get(&back).await;
    sign_in.says(200, "needs a fresh sign-in");
    let again = visitor.submit(&sign_in.form("/sign-in").with("api_key", &server.key.text)).await;
    let page = visitor.follow(&again).await;
    page.says(200, "Did somebody send you here?");
    let form = approval(server, &visitor, &program).await;
    visitor.submit(&form).await.says(200, "Access given");
    assert_eq!(poll(server, &program).await.status, 200);
    // A session that does not know when the person proved themselves is not fresh.
    server.sql.execute("UPDATE dashboard_sessions SET authenticated_at = NULL", []).await;
    visitor.get("/device").await.leads_to("/dashboard/sign-in?return_to=%2Fdevice&fresh=on");
}

async fn a_name_cannot_dress_up(server: &Server) {
    let visitor = Visitor::signed_in(server).await;
    let name = format!("\u{202e}<b>RogerIQ</b>\n\u{200b}Support{}", "!".repeat(100));
    let begun = begin_as(server, &name).await;
    let page = enter(&visitor, text(&begun.body, "user_code")).await;
    let shown = format!("<b>RogerIQ</b> Support{}", "!".repeat(42));
    page.says(200, &format!("Program (unverified) {shown} Organization"));
    assert!(!page.text.contains("<b>") && !page.text.contains('\u{202e}'), "{}", page.text);
    assert!(page.text.contains("<bdi>"), "{}", page.text);
}

async fn what_is_stored_of_a_login_opens_nothing_and_goes_away(server: &Server) {
    let program = begin(server).await;
    let rows = server.sql.rows("SELECT * FROM device_logins", []).await;
    let stored = serde_json::to_string(&rows).unwrap();
    for code in [&program.device_code, &program.user_code, &program.user_code.replace('-', "")] {
        assert!(!stored.contains(code.as_str()), "{stored}");
    }
    let environment = Environment::system().with_clock(server.clock.clone());
    let mut sweep = DeviceLoginSweep { store: server.store.clone(), environment };
    let count = async || server.sql.count("SELECT COUNT(*) FROM device_logins", []).await;
    server.clock.advance(Duration::minutes(20));
    sweep.round().await.unwrap();
    assert_eq!(count().await, 1, "a late program is told what became of it");
    server.clock.advance(Duration::minutes(6));
    sweep.round().await.unwrap();
    assert_eq!(count().await, 0);
    poll(server, &program).await.refused(400, "EXPIRED_TOKEN");
}

async fn the_same_idempotency_key_gives_strangers_different_codes(server: &Server) {
    let ask = async |target: &str, body: Value| {
        let call = server.call_without_key("POST", target).header("idempotency-key", "one");
        call.json(&body).send().await
    };
    let one = ask(CODE, json!({"client_name": "riq"})).await;
    let two = ask(CODE, json!({"client_name": "riq"})).await;
    assert_eq!((one.status, two.status), (200, 200));
    assert_ne!(one.body["device_code"], two.body["device_code"]);
    assert_ne!(one.body["user_code"], two.body["user_code"]);
    // A poll is not answered with what an earlier one was.
    let program = begin(server).await;
    let body = json!({"device_code": program.device_code});
    ask(TOKEN, body.clone()).await.refused(202, "AUTHORIZATION_PENDING");
    let visitor = Visitor::signed_in(server).await;
    let form = approval(server, &visitor, &program).await;
    visitor.submit(&form).await.says(200, "Access given");
    assert_eq!(ask(TOKEN, body.clone()).await.status, 200);
    ask(TOKEN, body).await.refused(400, "EXPIRED_TOKEN");
}
