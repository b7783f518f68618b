//! The redirect back from a provider, as browsers, programs and attackers send it.

use std::time::Duration as Std;

use reqwest::RequestBuilder;
use riq_testing::providers::simulator::{Decision, Simulator, TokenSwitch};
use time::Duration;
use url::Url;

use super::{
    installing::{consent_page, link, status},
    visitor::{Page, Visitor},
};
use crate::{
    providers::{on_both_played, played},
    support::{Server, eventually, hidden::times_told},
};

on_both_played!(
    every_arrival_uses_its_state_up_and_ends_at_a_clean_address,
    a_head_or_a_guess_uses_nothing_up,
    who_comes_back_is_shown_how_it_ended,
    who_comes_back_to_the_question_is_asked_again,
    of_two_at_once_on_two_replicas_one_wins,
    who_goes_away_is_connected_all_the_same,
    a_server_that_stops_ends_what_it_has_begun,
    what_was_interrupted_says_so,
    an_error_is_shown_as_text_with_a_state_or_without,
    a_page_under_another_host_leads_to_the_public_one,
    a_form_that_is_sent_twice_leads_to_the_end,
    each_failure_is_one_warning,
);

/// Sets out from the provider's page, decides, and returns the address that the browser is sent back to.
async fn set_out(server: &Server, simulator: &Simulator, visitor: &Visitor<'_>, decision: Decision) -> Url {
    let form = visitor.get(&server.page("linear")).await.form("/connect");
    let leaving = visitor.submit(&form).await;
    simulator.decide(&consent_page(&leaving), decision).await
}

fn target(back: &Url) -> String {
    format!("{}?{}", back.path(), back.query().unwrap())
}

/// How often Linear was asked for a token.
fn exchanges(simulator: &Simulator) -> usize {
    simulator.requests().iter().filter(|request| request.path == "/oauth/token").count()
}

/// Asserts that an answer leads to an address of ours that reveals nothing.
#[track_caller]
fn is_clean(back: &Url, answer: &Page) {
    let location = answer.header("location").unwrap();
    assert_eq!(answer.status, 303, "{answer:?}");
    assert!(location.starts_with("/dashboard/"), "{location}");
    for secret in ["state", "code"] {
        let value = back.query_pairs().find(|(name, _)| name == secret).map(|(_, value)| value);
        let value = value.unwrap_or("nothing".into());
        assert!(!location.contains(&format!("{secret}=")) && !location.contains(&*value), "{location}");
    }
}

async fn every_arrival_uses_its_state_up_and_ends_at_a_clean_address(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    for case in [
        "another browser",
        "no cookie",
        "a frame",
        "another issuer",
        "an error beside the code",
        "two codes",
        "no code",
        "a form",
        "a form at the whole address",
    ] {
        let back = set_out(server, simulator, &visitor, Decision::Allow).await;
        let (whole, query) = (target(&back), back.query().unwrap());
        let answer = match case {
            "another browser" => Visitor::signed_in(server).await.get(&whole).await,
            "no cookie" => Visitor::new(server).get(&whole).await,
            "a frame" => visitor.get_with(&whole, |request| request.header("sec-fetch-dest", "iframe")).await,
            "another issuer" => visitor.get(&format!("{whole}&iss=https%3A%2F%2Fevil.example")).await,
            "an error beside the code" => visitor.get(&format!("{whole}&error=server_error")).await,
            "two codes" => visitor.get(&format!("{whole}&code=another")).await,
            "no code" => visitor.get(&whole.replace("code=", "kode=")).await,
            "a form" => visitor.post("/oauth/callback", query.to_owned()).await,
            _ => visitor.post(&whole, "user=%7B%7D".to_owned()).await,
        };
        is_clean(&back, &answer);
        let again = visitor.get(&whole).await;
        is_clean(&back, &again);
        let shown = visitor.follow(&again).await;
        assert!(shown.status >= 400, "{case}: {shown:?}");
        assert_eq!((exchanges(simulator), status(server, "linear").await), (0, "none".to_owned()), "{case}");
    }
}

async fn a_head_or_a_guess_uses_nothing_up(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let back = target(&set_out(server, simulator, &visitor, Decision::Allow).await);
    let rows = async || server.sql.rows("SELECT * FROM pending_installs", []).await;
    let before = rows().await;
    let head = visitor.head(&back).await;
    assert_eq!((head.status, head.text.as_str()), (200, ""));
    for (name, value) in [
        ("sec-purpose", "prefetch"),
        ("sec-purpose", "prefetch;prerender"),
        ("purpose", "prefetch"),
        ("x-purpose", "preview"),
        ("x-moz", "prefetch"),
    ] {
        // A browser drops an answer that is no success, and asks again when the person comes.
        let guessed = visitor.get_with(&back, |request| request.header(name, value)).await;
        guessed.says(425, "Nothing was done yet");
    }
    assert_eq!(rows().await, before);
    assert_eq!(exchanges(simulator), 0);
    visitor.get(&back).await.leads_to(&format!("{}?done=connected", server.page("linear")));
}

async fn who_comes_back_is_shown_how_it_ended(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let denied = target(&set_out(server, simulator, &visitor, Decision::Deny).await);
    let (first, second) = (visitor.get(&denied).await, visitor.get(&denied).await);
    assert_eq!(first.header("location"), second.header("location"));
    let (ended, again) = (visitor.follow(&first).await, visitor.follow(&second).await);
    ended.says(403, "Access was not granted");
    // The request is the one that the log names.
    let request = first.header("x-request-id").unwrap();
    assert_eq!((ended.words(), again.words().contains(request)), (again.words(), true));

    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    let connected = format!("{}?done=connected", server.page("linear"));
    visitor.get(&target(&back)).await.leads_to(&connected);
    let before = server.sql.picture().await;
    // Whatever else the address says, nothing more is exchanged.
    for address in
        [target(&back), target(&back).replace("code=", "code=x"), format!("{}&error=x", target(&back))]
    {
        let again = visitor.get(&address).await;
        is_clean(&back, &again);
        visitor.follow(&again).await.leads_to(&connected);
    }
    let address = visitor.get(&target(&back)).await.header("location").unwrap().to_owned();
    for stranger in [Visitor::new(server), Visitor::signed_in(server).await] {
        let again = stranger.get(&target(&back)).await;
        again.leads_to(&address);
        stranger.follow(&again).await.says(400, "This was started in another browser");
    }
    visitor.get("/dashboard/installs/ins_nonsense").await.says(400, "No connection was started here");
    // Without a session there is still an end.
    let form = visitor.get("/dashboard").await.form("/sign-out");
    visitor.submit(&form).await;
    let again = visitor.get(&target(&back)).await;
    visitor.follow(&again).await.says(200, "Linear is connected That was all. You can close this tab");
    assert_eq!(server.sql.picture().await, before);
    assert_eq!(exchanges(simulator), 1);
}

async fn who_comes_back_to_the_question_is_asked_again(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let first = set_out(server, simulator, &visitor, Decision::Allow).await;
    visitor.come_back(&first).await;
    simulator.switch(|switches| switches.account = 1);
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    let answers: Vec<_> = [visitor.come_back(&back).await, visitor.come_back(&back).await]
        .iter()
        .map(|page| page.says(200, "Connect another account?").form("/installs/confirm"))
        .collect();
    assert_eq!(answers[0].value("pending"), answers[1].value("pending"));
    server.clock.advance(Duration::minutes(10));
    visitor.come_back(&back).await.says(400, "That took too long");
    let late = visitor.submit(&answers[0]).await;
    assert!(late.status >= 300, "{late:?}");
    assert_eq!(server.integration("linear").await["display_name"], "Acme Engineering");
}

async fn of_two_at_once_on_two_replicas_one_wins(server: &Server, simulator: &Simulator) {
    let public_url: Url = format!("http://{}", server.address).parse().unwrap();
    let replica = server.replica(|settings| settings.public_url = public_url).await;
    let visitor = Visitor::signed_in(server).await;
    let there = visitor.at(&replica);
    for round in 1..=5 {
        let back = set_out(server, simulator, &visitor, Decision::Allow).await;
        let address = target(&back);
        let (one, other) = tokio::join!(visitor.get(&address), there.get(&address));
        let connected = format!("{}?done=connected", server.page("linear"));
        let winners =
            [&one, &other].iter().filter(|page| page.header("location") == Some(&connected)).count();
        assert_eq!(winners, 1, "{one:?} {other:?}");
        is_clean(&back, &one);
        is_clean(&back, &other);
        // Both replicas know how it ended.
        for browser in [&visitor, &there] {
            let again = browser.get(&address).await;
            browser.follow(&again).await.leads_to(&connected);
        }
        assert_eq!(exchanges(simulator), round);
    }
    assert_eq!(simulator.complaints(), [""; 0]);
    drop(there);
    replica.stop().await;
}

async fn who_goes_away_is_connected_all_the_same(server: &Server, simulator: &Simulator) {
    simulator.switch(|switches| switches.token = TokenSwitch::Hang);
    let visitor = Visitor::signed_in(server).await;
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    let going = tokio::spawn(visitor.request("GET", &target(&back)).send());
    eventually("the token is asked for", Std::from_secs(60), async || exchanges(simulator) == 1).await;
    going.abort();
    assert!(going.await.unwrap_err().is_cancelled());
    visitor.come_back(&back).await.says(200, "Connecting Linear…");
    assert_eq!(status(server, "linear").await, "none");
    simulator.release();
    let is_active = async || status(server, "linear").await == "active";
    eventually("it is connected", Std::from_secs(60), is_active).await;
    let connected = format!("{}?done=connected", server.page("linear"));
    let is_shown = async || visitor.come_back(&back).await.header("location") == Some(&connected);
    eventually("the end is shown", Std::from_secs(60), is_shown).await;
    assert_eq!(exchanges(simulator), 1);
}

/// The client has gone, so no connection is open: the server waits for the installation itself.
async fn a_server_that_stops_ends_what_it_has_begun(server: &Server, simulator: &Simulator) {
    simulator.switch(|switches| switches.token = TokenSwitch::Hang);
    let public_url: Url = format!("http://{}", server.address).parse().unwrap();
    let replica = server.replica(|settings| settings.public_url = public_url).await;
    let visitor = Visitor::signed_in(server).await;
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    let going = tokio::spawn(visitor.at(&replica).request("GET", &target(&back)).send());
    eventually("the token is asked for", Std::from_secs(60), async || exchanges(simulator) == 1).await;
    going.abort();
    assert!(going.await.unwrap_err().is_cancelled());
    let address = replica.address;
    let releasing = async {
        let stops = async || tokio::net::TcpStream::connect(address).await.is_err();
        eventually("it accepts nobody any more", Std::from_secs(60), stops).await;
        assert_eq!(status(server, "linear").await, "none");
        simulator.release();
    };
    tokio::join!(replica.stop(), releasing);
    assert_eq!(status(server, "linear").await, "active");
}

async fn what_was_interrupted_says_so(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    // As a replica leaves it that ends before it has finished.
    let sql = "UPDATE pending_installs SET status = 'redeemed'";
    assert_eq!(server.sql.execute(sql, []).await, 1);
    visitor.come_back(&back).await.says(200, "Connecting Linear…");
    server.clock.advance(Duration::minutes(10));
    visitor.come_back(&back).await.says(500, "The connection was interrupted");
    assert_eq!(exchanges(simulator), 0);
}

async fn an_error_is_shown_as_text_with_a_state_or_without(server: &Server, simulator: &Simulator) {
    const EVIL: &str = "<script>alert(1)</script><b>no</b>\u{202e}evil\r\nline\0";
    let said = "<script>alert(1)</script><b>no</b>evil line";
    let query: String = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("error", "org_blocked"), ("error_description", EVIL)])
        .finish();
    let visitor = Visitor::signed_in(server).await;
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    let known = Url::parse(&format!("{back}&{query}")).unwrap();
    let page = visitor.come_back(&known).await;
    page.says(502, "Linear refused").says(502, &format!("the error org_blocked, with the words “{said}”"));
    let stranger = Visitor::new(server);
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    let foreign = Url::parse(&format!("{back}&{query}")).unwrap();
    let pages = [
        stranger.get(&format!("/oauth/callback?{query}")).await,
        stranger.get(&format!("/oauth/callback?{query}&state=of-nobody")).await,
        stranger.come_back(&foreign).await,
    ];
    for page in &pages {
        page.says(400, "org_blocked").says(400, said).says(400, "it is not known who wrote it");
    }
    for page in pages.iter().chain([&page]) {
        assert!(!page.text.contains("<script>alert") && !page.text.contains("<b>no"), "{page:?}");
        assert!(!page.text.contains('\u{202e}') && !page.text.contains('\0'), "{page:?}");
    }
    let long =
        stranger.get(&format!("/oauth/callback?error=e&error_description={}", "x+".repeat(10_000))).await;
    assert!(long.words().len() < 1_000, "{long:?}");
    for none in ["error=", "error=&error_description=x&state=y"] {
        let page = stranger.get(&format!("/oauth/callback?{none}")).await;
        page.says(400, "No connection was started here");
    }
    // Some providers send every parameter every time.
    let back = set_out(server, simulator, &visitor, Decision::Allow).await;
    visitor
        .get(&format!("{}&error=&error_description=", target(&back)))
        .await
        .leads_to(&format!("{}?done=connected", server.page("linear")));
}

async fn a_page_under_another_host_leads_to_the_public_one(server: &Server, simulator: &Simulator) {
    let other = format!("localhost:{}", server.address.port());
    let under = |request: RequestBuilder| request.header("host", &other);
    let public = format!("http://{}", server.address);
    let visitor = Visitor::new(server);
    for path in ["/dashboard", "/dashboard/sign-in", &server.page("linear")] {
        let led = visitor.get_with(path, under).await;
        led.leads_to(&format!("{public}{path}?moved=1"));
        assert_eq!(led.cookies(), [""; 0], "nothing begins there");
    }
    // A proxy that rewrites every host is not led in a circle.
    let marked = visitor.get_with("/dashboard/sign-in?moved=1", under).await;
    marked.says(200, "Sign in");
    // An install link is opened under the public host, and leads to the end.
    let link = link(server, "linear").await;
    let led = visitor.get_with(&link, under).await;
    let location = led.header("location").unwrap().to_owned();
    assert_eq!(location, format!("{public}{link}&moved=1"));
    let opened = visitor.get(location.strip_prefix(&public).unwrap()).await;
    let leaving = visitor.submit(&visitor.follow(&opened).await.form("/connect")).await;
    let back = simulator.decide(&consent_page(&leaving), Decision::Allow).await;
    visitor.come_back(&back).await.leads_to(&format!("{}?done=connected", server.page("linear")));
    // A redirect back under another host is no page: its state is used up at once.
    let visitor = Visitor::signed_in(server).await;
    let back = set_out(server, simulator, &visitor, Decision::Deny).await;
    is_clean(&back, &visitor.get_with(&target(&back), under).await);
}

async fn a_form_that_is_sent_twice_leads_to_the_end(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::new(server);
    let opened = visitor.get(&link(server, "postmark").await).await;
    let right = simulator.credential("postmark", 0)["api_key"].as_str().unwrap().to_owned();
    let form = visitor.follow(&opened).await.form("/connect").with("credential.api_key", &right);
    for _ in 0..2 {
        let sent = visitor.submit(&form).await;
        assert_eq!(sent.status, 303, "{sent:?}");
        visitor.follow(&sent).await.says(200, "Postmark is connected That was all. You can close this tab");
    }
    let events = server.audit("postmark").await;
    assert_eq!(events.len(), 1, "{events:?}");
}

async fn each_failure_is_one_warning(server: &Server, simulator: &Simulator) {
    let visitor = Visitor::signed_in(server).await;
    let warnings = |words: &[&str]| times_told(&[&["WARN", "an installation failed"], words].concat());
    let denied = set_out(server, simulator, &visitor, Decision::Deny).await;
    let answer = visitor.get(&target(&denied)).await;
    let request = format!("request_id=\"{}\"", answer.header("x-request-id").unwrap());
    let fields = ["provider=\"linear\"", "step=\"authorization\"", "code=\"access_denied\"", &request];
    assert_eq!(warnings(&fields), 1);
    // Coming back, and the page that shows the end, are no failures.
    visitor.come_back(&denied).await;
    assert_eq!(warnings(&[]), 1);

    simulator.switch(|switches| switches.token = TokenSwitch::Error("invalid_grant".into()));
    let refused = set_out(server, simulator, &visitor, Decision::Allow).await;
    visitor.come_back(&refused).await.says(502, "Linear refused");
    let fields = [
        "provider=\"linear\"",
        "step=\"token\"",
        "code=\"invalid_grant\"",
        "description=\"As the test wishes.\"",
    ];
    assert_eq!((warnings(&fields), warnings(&[])), (1, 2));

    let foreign = set_out(server, simulator, &visitor, Decision::Allow).await;
    Visitor::new(server).come_back(&foreign).await;
    assert_eq!((warnings(&["provider=\"linear\"", "code=\"other_browser\""]), warnings(&[])), (1, 3));

    // Nothing that an address says begins a line or looks like a field.
    let forged = "error=x%22+provider=%22forged%0d%0a2026-01-01T00:00:00Z++WARN+forged&error_description=0907a61c0c8d55e99";
    visitor.get(&format!("/oauth/callback?{forged}")).await.says(400, "forged");
    assert_eq!((warnings(&["step=\"authorization\"", "description=\"[redacted]\""]), warnings(&[])), (1, 4));
    assert_eq!((warnings(&["x\\\" provider="]), warnings(&["provider=\"forged"])), (1, 0));

    let form = visitor.provider("postmark").await.form("/connect");
    visitor.submit(&form.clone().with("credential.api_key", " ")).await;
    visitor.submit(&form.with("credential.api_key", "SECRET-wrong")).await;
    assert_eq!(
        (warnings(&["provider=\"postmark\"", "step=\"probe\"", "code=\"refused\""]), warnings(&[])),
        (1, 5)
    );
}
