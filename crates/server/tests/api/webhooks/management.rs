//! How webhooks are made, changed, tested and deleted, and by whom.

use serde_json::{Value, json};
use time::Duration;

use super::on_both_with_receiver;
use crate::support::{
    Server,
    receiver::{Receiver, Says},
};

on_both_with_receiver!(
    a_webhook_is_made_shown_changed_and_deleted,
    everything_that_is_wrong_is_told,
    a_repeat_makes_no_second_webhook_and_has_no_secret,
    a_test_is_sent_at_once_and_counts_for_nothing,
    what_is_not_public_is_not_reached_and_one_word_says_so,
    webhooks_are_their_projects_own,
    a_project_has_only_so_many,
    deliveries_come_in_pages,
    addresses_are_recorded_without_what_may_be_secret,
);

impl Server {
    async fn make(&self, url: &str, events: Value) -> crate::support::Answer {
        self.call("POST", &self.webhooks("")).json(&json!({"url": url, "events": events})).send().await
    }
}

async fn a_webhook_is_made_shown_changed_and_deleted(server: &Server, receiver: &Receiver) {
    let made = server.make(&receiver.url("/a"), json!(["integration.*", "integration.*"])).await;
    assert_eq!(made.status, 201);
    let mut shown = made.data().clone();
    let secret = shown.as_object_mut().unwrap().remove("secret").unwrap();
    assert!(secret.as_str().unwrap().starts_with("whsec_"));
    let id = shown["id"].as_str().unwrap().to_owned();
    assert!(id.starts_with("whk_"));
    let expected = json!({
        "id": id, "url": receiver.url("/a"), "events": ["integration.*"], "status": "active", "failure_count": 0,
        "last_triggered_at": null, "created_at": "2026-03-01T10:00:00Z",
    });
    assert_eq!(shown, expected);
    let one = server.webhooks(&format!("/{id}"));
    assert_eq!(server.call("GET", &one).send().await.data(), &expected);
    assert_eq!(server.call("GET", &server.webhooks("")).send().await.data(), &json!([expected]));
    let update = json!({"url": "https://app.example/b", "events": ["*"]});
    let changed = server.call("PATCH", &one).json(&update).send().await;
    assert_eq!(
        (&changed.data()["url"], &changed.data()["events"]),
        (&json!("https://app.example/b"), &json!(["*"]))
    );
    let same = server.call("PATCH", &one).json(&update).send().await;
    assert_eq!(same.data(), changed.data());
    assert_eq!(server.call("DELETE", &one).send().await.data()["id"], id);
    assert_eq!(server.call("GET", &one).send().await.status, 404);
    assert_eq!(server.call("DELETE", &one).send().await.status, 404);
    let audit = server.call("GET", &format!("/api/v1/projects/{}/audit", server.project)).send().await;
    let recorded = audit.data().as_array().unwrap().iter().map(|one| one["action"].as_str().unwrap());
    let mut actions: Vec<_> = recorded.filter(|action| action.starts_with("webhook.")).collect();
    actions.sort_unstable();
    assert_eq!(actions, ["webhook.created", "webhook.deleted", "webhook.updated"]);
    assert!(!audit.data().to_string().contains("whsec_"));
}

async fn everything_that_is_wrong_is_told(server: &Server, receiver: &Receiver) {
    let issues = |answer: &crate::support::Answer| -> Vec<String> {
        let issues = answer.body["issues"].as_array().unwrap();
        issues.iter().map(|issue| issue["path"].as_str().unwrap().to_owned()).collect()
    };
    let answer = server.make("http://app.example", json!(["conversation.created", "*"])).await;
    assert_eq!((answer.status, issues(&answer)), (400, vec!["url".to_owned(), "events".to_owned()]));
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let one = server.webhooks(&format!("/{}", webhook.id));
    for (body, code) in [(json!({}), "NO_UPDATES"), (json!({"status": "gone"}), "BAD_REQUEST")] {
        let answer = server.call("PATCH", &one).json(&body).send().await;
        assert_eq!((answer.status, &answer.body["code"]), (400, &json!(code)));
    }
    for (method, rest) in
        [("GET", "/whk_x"), ("GET", "/whk_00000000000000000000000000/deliveries"), ("POST", "/x/test")]
    {
        assert_eq!(server.call(method, &server.webhooks(rest)).send().await.status, 404, "{rest}");
    }
    let rotate = server.call("POST", &format!("{one}/rotate-secret")).json(&json!({"overlap_seconds": -1}));
    assert_eq!(issues(&rotate.send().await), ["overlap_seconds"]);
    let since = server.call("POST", &format!("{one}/redeliver")).json(&json!({"since": "yesterday"}));
    assert_eq!(issues(&since.send().await), ["since"]);
}

async fn a_repeat_makes_no_second_webhook_and_has_no_secret(server: &Server, receiver: &Receiver) {
    let body = json!({"url": receiver.url("/"), "events": ["*"]});
    let make = || server.call("POST", &server.webhooks("")).header("idempotency-key", "k").json(&body).send();
    let (first, second) = (make().await, make().await);
    assert_eq!((first.status, second.status), (201, 201));
    assert_eq!(first.data()["id"], second.data()["id"]);
    assert!(first.data()["secret"].is_string() && second.data()["secret"].is_null());
    assert_eq!(server.call("GET", &server.webhooks("")).send().await.data().as_array().unwrap().len(), 1);
}

async fn a_test_is_sent_at_once_and_counts_for_nothing(server: &Server, receiver: &Receiver) {
    let webhook = server.webhook(&receiver.url("/"), &["approval.*"]).await;
    let one = server.webhooks(&format!("/{}", webhook.id));
    server.call("PATCH", &one).json(&json!({"status": "disabled"})).send().await.data();
    receiver.say(&[Says::Status(200), Says::Status(500), Says::Nothing]);
    let test = async || {
        server.clock.advance(Duration::seconds(1));
        server.call("POST", &format!("{one}/test")).send().await.data().clone()
    };
    let told = [test().await, test().await, test().await];
    let expected = [
        (true, json!(200), json!(null)),
        (false, json!(500), json!(null)),
        (false, json!(null), json!("broken")),
    ];
    for (told, (delivered, status, error)) in told.iter().zip(expected) {
        assert_eq!(
            (&told["delivered"], &told["status_code"], &told["error"]),
            (&json!(delivered), &status, &error)
        );
        assert!(told["duration_ms"].is_u64());
    }
    let received = receiver.received();
    assert!(
        received
            .iter()
            .all(|message| message.kind() == "webhook.test" && message.is_signed_with(&webhook.secret))
    );
    let statuses: Vec<_> =
        server.deliveries(&webhook).await.iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, ["failed", "failed", "delivered"]);
    let shown = server.call("GET", &one).send().await;
    assert_eq!((&shown.data()["failure_count"], &shown.data()["status"]), (&json!(0), &json!("disabled")));
}

async fn what_is_not_public_is_not_reached_and_one_word_says_so(server: &Server, _: &Receiver) {
    let test = async |url: &str| {
        let webhook = server.webhook(url, &["*"]).await;
        let target = server.webhooks(&format!("/{}/test", webhook.id));
        server.call("POST", &target).send().await.data()["error"].clone()
    };
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    for url in [
        "https://10.0.0.1/",
        "https://169.254.169.254/latest",
        "https://[::ffff:10.0.0.1]/",
        "https://[fd00::1]/",
        "https://0.0.0.0/",
        "https://100.64.0.1/",
        "https://[64:ff9b::a00:1]/",
        "https://[2002:a00:1::]/",
        "http://[::1]:9/",
        &format!("http://{free}/"),
        "https://nowhere.invalid/",
    ] {
        assert_eq!(test(url).await, "unreachable", "{url}");
    }
    // An address that is moved is checked like a new one.
    let webhook = server.webhook("https://app.example/", &["*"]).await;
    let one = server.webhooks(&format!("/{}", webhook.id));
    let moved = server.call("PATCH", &one).json(&json!({"url": "http://10.0.0.1/"})).send().await;
    assert_eq!(moved.status, 400);
}

async fn webhooks_are_their_projects_own(server: &Server, receiver: &Receiver) {
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    let other = server.other_project().await;
    for rest in ["", "/deliveries"] {
        let target = format!("/api/v1/projects/{other}/webhooks/{}{rest}", webhook.id);
        assert_eq!(server.call("GET", &target).send().await.status, 404, "{rest}");
    }
    for (method, rest) in [("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate-secret")] {
        let target = format!("/api/v1/projects/{other}/webhooks/{}{rest}", webhook.id);
        let answer = server.call(method, &target).json(&json!({"status": "disabled"})).send().await;
        assert!(answer.status == 404 || rest == "/rotate-secret" && answer.status == 400, "{method} {rest}");
    }
    let reader = server.key_for(&["webhooks:read"]).await;
    assert_eq!(server.call_as(&reader.text, "GET", &server.webhooks("")).send().await.status, 200);
    let body = json!({"url": receiver.url("/"), "events": ["*"]});
    assert_eq!(
        server.call_as(&reader.text, "POST", &server.webhooks("")).json(&body).send().await.status,
        403
    );
}

async fn a_project_has_only_so_many(server: &Server, receiver: &Receiver) {
    for number in 0..50 {
        server.webhook(&receiver.url(&format!("/{number}")), &["*"]).await;
    }
    let answer = server.make(&receiver.url("/51"), json!(["*"])).await;
    assert_eq!((answer.status, &answer.body["code"]), (409, &json!("CONFLICT")));
}

async fn deliveries_come_in_pages(server: &Server, receiver: &Receiver) {
    server.install("postmark").await;
    let webhook = server.webhook(&receiver.url("/"), &["*"]).await;
    receiver.say(&[Says::Status(400)]);
    for number in 0..5 {
        server.rename("postmark", &number.to_string()).await;
    }
    server.delivered(&webhook, &["failed", "delivered", "delivered", "delivered", "delivered"]).await;
    let page = async |query: &str| {
        let target = server.webhooks(&format!("/{}/deliveries?{query}", webhook.id));
        server.call("GET", &target).send().await.body.clone()
    };
    let (mut cursor, mut seen) = (String::new(), Vec::new());
    loop {
        let body = page(&format!("limit=2{cursor}")).await;
        seen.extend(
            body["data"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()),
        );
        match body["cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break assert_eq!(body["has_more"], false),
        }
    }
    assert_eq!(seen.len(), 5);
    assert!(seen.is_sorted_by(|one, next| one > next), "{seen:?}");
    assert_eq!(page("status=failed").await["data"].as_array().unwrap().len(), 1);
    assert_eq!(page("status=gone").await["code"], "BAD_REQUEST");
}

async fn addresses_are_recorded_without_what_may_be_secret(server: &Server, _: &Receiver) {
    let webhook = server.webhook("https://user:hush-pass@app.example/hush-path?t=hush-query", &["*"]).await;
    let one = server.webhooks(&format!("/{}", webhook.id));
    server.call("PATCH", &one).json(&json!({"url": "https://b.example/hush-b"})).send().await.data();
    let audit = server.call("GET", &format!("/api/v1/projects/{}/audit", server.project)).send().await;
    let told = audit.data().to_string();
    assert!(told.contains("https://app.example/…") && told.contains("https://b.example/…"), "{told}");
    assert!(!told.contains("hush"), "{told}");
}
