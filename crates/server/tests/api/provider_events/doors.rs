//! What rubbish costs, and what is told of addresses.

use super::{SECRET, by_stripe, post};
use crate::{
    support::{Server, hidden, receiver::Receiver},
    webhooks::on_both_with_receiver,
};

on_both_with_receiver!(rubbish_at_one_address_does_not_stop_another, an_address_is_told_nowhere,);

async fn rubbish_at_one_address_does_not_stop_another(server: &Server, _: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let other = server.listen("stripe~eu", SECRET).await;
    let body = b"{\"id\":\"evt_1\",\"type\":\"x\"}";
    let wrong = by_stripe("whsec_wrong", server.now(), body);
    let mut statuses = Vec::new();
    for _ in 0..210 {
        statuses.push(post(server, &path, &[("stripe-signature", &wrong)], body).await);
    }
    assert!(statuses[..200].iter().all(|status| *status == 401), "the first ones are refused as rubbish");
    assert!(statuses[200..].iter().all(|status| *status == 429), "{:?}", &statuses[200..]);
    assert_eq!(server.stripe(&path, body).await, 429, "its provider sends it again");
    assert_eq!(server.stripe(&other, body).await, 200);
    // What nobody has made up has no limit of the address that it comes from, and is never led elsewhere.
    for _ in 0..700 {
        assert_eq!(server.stripe("/hooks/evs_00000000000000000000000001/x", body).await, 404);
    }
    assert_eq!(server.stripe(&other, b"{\"id\":\"evt_2\",\"type\":\"x\"}").await, 200);
    server.clock.advance(time::Duration::seconds(1));
    assert_eq!(server.stripe(&path, body).await, 200);
}

async fn an_address_is_told_nowhere(server: &Server, _: &Receiver) {
    let path = server.listen("stripe", SECRET).await;
    let body = b"{\"id\":\"evt_1\",\"type\":\"x\"}";
    assert_eq!(server.stripe(&path, body).await, 200);
    assert_eq!(post(server, &path, &[], body).await, 401);
    assert_eq!(post(server, &format!("{path}/more"), &[], body).await, 404);
    let secret = path.rsplit('/').next().unwrap();
    for of_ours in ["riq_server", "request"] {
        assert_eq!(hidden::times_told(&[secret, of_ours]), 0);
    }
    assert!(hidden::times_told(&["/hooks/…"]) >= 3);
    let metrics = server.call_without_key("GET", "/metrics").send().await.text;
    assert!(!metrics.contains(secret) && metrics.contains("route=\"/hooks/{source}/{secret}\""), "{metrics}");
    assert!(
        metrics.contains("riq_provider_events_total{provider=\"stripe\",outcome=\"taken\"} 1"),
        "{metrics}"
    );
    let sql = "SELECT COUNT(*) FROM event_sources WHERE path_hash IS NOT NULL";
    assert_eq!(server.sql.count(sql, []).await, 1);
}
