//! Rate limits, on a clock that is moved by hand.

use integrations_core::tier::Tier;
use riq_server::{edge::client_address::TrustedProxies, environment::Clock as _};
use time::Duration;

use crate::support::{Answer, Server, clock::START, eventually, server::unknown_key};

on_both!(
    each_tier_has_its_number,
    the_limit_is_given_then_refused_then_given_again,
    the_window_slides,
    without_a_key_requests_count_to_the_address,
    a_forwarded_address_counts_behind_a_configured_proxy_alone,
    false_keys_shut_out_no_good_one,
    a_key_that_cannot_be_looked_up_is_not_refused_for_its_address,
    health_is_answered_whatever_the_limit,
    a_clock_that_is_set_changes_no_limit,
);

fn number(answer: &Answer, name: &str) -> i64 {
    answer.header(name).unwrap().parse().unwrap()
}

async fn each_tier_has_its_number(server: &Server) {
    for (tier, limit) in
        [(Tier::Starter, 600), (Tier::Pro, 3_000), (Tier::Scale, 10_000), (Tier::Enterprise, 30_000)]
    {
        let key = server.key_with(&["read"], tier, None).await;
        for used in 1..=3 {
            let answer = server.call_as(&key.text, "GET", &server.at("")).send().await;
            assert_eq!(answer.header("x-ratelimit-tier"), Some(tier.as_str()));
            assert_eq!(number(&answer, "x-ratelimit-limit"), limit);
            assert_eq!(number(&answer, "x-ratelimit-remaining"), limit - used);
            let reset = number(&answer, "x-ratelimit-reset") - START.unix_timestamp();
            assert!((60..=61).contains(&reset), "{reset}");
        }
    }
}

/// Makes requests until there are `count` of them.
async fn spend(server: &Server, key: &str, count: usize) {
    for _ in 0..count {
        let answer = server.call_as(key, "GET", &server.at("")).send().await;
        assert_eq!(answer.status, 200, "{answer:?}");
    }
}

async fn the_limit_is_given_then_refused_then_given_again(server: &Server) {
    let key = server.key_with(&["read"], Tier::Starter, None).await;
    spend(server, &key.text, 600).await;
    let ask = async || server.call_as(&key.text, "GET", &server.at("")).send().await;
    let refused = ask().await;
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(number(&refused, "x-ratelimit-remaining"), 0);
    let wait = refused.body["retry_after"].as_i64().unwrap();
    assert_eq!(number(&refused, "retry-after"), wait);
    assert!((60..=61).contains(&wait), "{wait}");
    assert_eq!(number(&refused, "x-ratelimit-reset") - START.unix_timestamp(), wait);
    assert_eq!(refused.header("x-ratelimit-tier"), Some("starter"));
    // A client that waits as long as it is told is let in. One second less is too short.
    server.clock.advance(Duration::seconds(wait - 1));
    let refused = ask().await;
    refused.refused(429, "RATE_LIMITED");
    assert_eq!(refused.body["retry_after"], 1);
    server.clock.advance(Duration::seconds(1));
    ask().await.data();
    // Another key of the same organization has its own limit, and so does the address.
    server.get("").await.data();
    server.call_without_key("GET", &server.at("")).send().await.refused(401, "UNAUTHORIZED");
}

async fn the_window_slides(server: &Server) {
    let key = server.key_with(&["read"], Tier::Starter, None).await;
    spend(server, &key.text, 200).await;
    server.clock.advance(Duration::seconds(30));
    spend(server, &key.text, 400).await;
    let ask = async || server.call_as(&key.text, "GET", &server.at("")).send().await;
    let refused = ask().await;
    refused.refused(429, "RATE_LIMITED");
    let wait = refused.body["retry_after"].as_i64().unwrap();
    assert!((30..=31).contains(&wait), "{wait}");
    // The first 200 leave the window; the other 400 do not.
    server.clock.advance(Duration::seconds(wait));
    spend(server, &key.text, 200).await;
    let refused = ask().await;
    refused.refused(429, "RATE_LIMITED");
    assert!((29..=31).contains(&refused.body["retry_after"].as_i64().unwrap()));
}

async fn without_a_key_requests_count_to_the_address(server: &Server) {
    let target = server.at("");
    let (bad, unused) = (unknown_key(), server.key_for(&["read"]).await);
    server.get("").await.data();
    for at in 0..600 {
        // A refused key counts for the address, or else guessing keys would be free.
        let answer = match at % 3 {
            0 => server.call_without_key("GET", &target).send().await,
            1 => server.call_as(&bad, "GET", &target).send().await,
            _ => server.call_as("riq_nonsense", "GET", &target).send().await,
        };
        answer.refused(401, "UNAUTHORIZED");
        assert_eq!(number(&answer, "x-ratelimit-limit"), 600);
        assert_eq!(number(&answer, "x-ratelimit-remaining"), 599 - at);
        assert_eq!(answer.header("x-ratelimit-tier"), None);
    }
    for target in [target.as_str(), "/nothing", "/docs"] {
        let refused = server.call_without_key("GET", target).send().await;
        refused.refused(429, "RATE_LIMITED");
        assert_eq!(refused.header("x-ratelimit-tier"), None);
    }
    server.call_as(&bad, "GET", &target).send().await.refused(429, "RATE_LIMITED");
    // A good key at the same address has its own limit, whether it is cached or not, and even if it is new.
    server.get("").await.data();
    server.call_as(&unused.text, "GET", &target).send().await.data();
    let new = server.key_for(&["read"]).await;
    server.call_as(&new.text, "GET", &target).send().await.data();
    server.clock.advance(Duration::seconds(61));
    server.call_without_key("GET", &target).send().await.refused(401, "UNAUTHORIZED");
}

async fn a_forwarded_address_counts_behind_a_configured_proxy_alone(server: &Server) {
    let remaining = async |server: &Server, forwarded: &[(&str, &str)]| {
        let mut call = server.call_without_key("GET", "/nothing");
        for (name, value) in forwarded {
            call = call.header(name, value);
        }
        number(&call.send().await, "x-ratelimit-remaining")
    };
    let open = server.replica(|settings| settings.anonymous_limit = 10).await;
    assert_eq!(remaining(&open, &[("x-forwarded-for", "192.0.2.1")]).await, 9);
    assert_eq!(remaining(&open, &[("x-forwarded-for", "192.0.2.2")]).await, 8, "not believed");
    assert_eq!(remaining(&open, &[("forwarded", "for=192.0.2.3")]).await, 7, "not believed");
    open.stop().await;

    let behind = server
        .replica(|settings| {
            settings.anonymous_limit = 10;
            settings.trusted_proxies = proxies("x-forwarded-for");
        })
        .await;
    assert_eq!(remaining(&behind, &[("x-forwarded-for", "192.0.2.1")]).await, 9);
    assert_eq!(remaining(&behind, &[("x-forwarded-for", "192.0.2.2")]).await, 9);
    // The proxy passes on what it does not know.
    let both = [("forwarded", "for=192.0.2.99;proto=https"), ("x-forwarded-for", "192.0.2.1")];
    assert_eq!(remaining(&behind, &both).await, 8);
    // Entries that a client put before the proxy's own are ignored.
    assert_eq!(remaining(&behind, &[("x-forwarded-for", "203.0.113.9, 192.0.2.1")]).await, 7);
    assert_eq!(remaining(&behind, &[("x-forwarded-for", "203.0.113.9")]).await, 9);
    assert_eq!(remaining(&behind, &[]).await, 9, "the proxy itself");
    behind.stop().await;

    let other = server
        .replica(|settings| {
            settings.anonymous_limit = 10;
            settings.trusted_proxies = proxies("forwarded");
        })
        .await;
    assert_eq!(remaining(&other, &[("forwarded", "for=192.0.2.1;proto=https")]).await, 9);
    assert_eq!(
        remaining(&other, &[("forwarded", "for=192.0.2.1"), ("x-forwarded-for", "192.0.2.9")]).await,
        8
    );
    assert_eq!(remaining(&other, &[("x-forwarded-for", "192.0.2.9")]).await, 9, "the proxy itself");
    other.stop().await;
}

/// Proxies on this machine that write this header.
fn proxies(header: &str) -> Option<TrustedProxies> {
    let (networks, header) = (vec!["127.0.0.0/8".parse().unwrap()], header.parse().unwrap());
    Some(TrustedProxies { networks, header })
}

/// However many false keys an address sends, good ones are found, and few of the false ones are looked up.
async fn false_keys_shut_out_no_good_one(server: &Server) {
    let good = server.key_for(&["read"]).await;
    let strict = server
        .replica(|settings| {
            settings.anonymous_limit = 10;
            // It lists the keys once, when it starts.
            settings.key_poll_interval = std::time::Duration::from_secs(24 * 3_600);
        })
        .await;
    eventually("the keys are listed", std::time::Duration::from_secs(30), async || {
        strict.app.services.api_keys.are_listed()
    })
    .await;
    let target = server.at("");
    let ask = async |key: &str| strict.call_as(key, "GET", &target).send().await;
    for _ in 0..10 {
        ask(&unknown_key()).await.refused(401, "UNAUTHORIZED");
    }
    ask(&unknown_key()).await.refused(429, "RATE_LIMITED");
    // A key that is too new to be listed is found beyond the limit.
    ask(&server.key_for(&["read"]).await.text).await.data();
    for _ in 0..30 {
        ask(&unknown_key()).await.refused(429, "RATE_LIMITED");
    }
    // Now nothing is looked up that is not listed: a minute later, or once it is listed, the new key is found.
    let new = server.key_for(&["read"]).await;
    ask(&new.text).await.refused(429, "RATE_LIMITED");
    ask(&good.text).await.data();
    server.clock.advance(Duration::seconds(61));
    ask(&new.text).await.data();
    strict.stop().await;
}

/// Nobody knows yet whether it is good.
async fn a_key_that_cannot_be_looked_up_is_not_refused_for_its_address(server: &Server) {
    let good = server.key_for(&["read"]).await;
    let strict = server.replica(|settings| settings.anonymous_limit = 1).await;
    eventually("the keys are listed", std::time::Duration::from_secs(30), async || {
        strict.app.services.api_keys.are_listed()
    })
    .await;
    strict.call_without_key("GET", "/docs").send().await;
    strict.call_without_key("GET", "/docs").send().await.refused(429, "RATE_LIMITED");
    server.sql.execute("ALTER TABLE api_keys RENAME TO away", []).await;
    for _ in 0..3 {
        strict.call_as(&good.text, "GET", &server.at("")).send().await.refused(500, "INTERNAL_ERROR");
        strict.call_as(&good.text, "GET", "/docs").send().await.refused(429, "RATE_LIMITED");
    }
    server.sql.execute("ALTER TABLE away RENAME TO api_keys", []).await;
    strict.call_as(&good.text, "GET", &server.at("")).send().await.data();
    strict.stop().await;
}

async fn health_is_answered_whatever_the_limit(server: &Server) {
    let strict = server.replica(|settings| settings.anonymous_limit = 1).await;
    for _ in 0..5 {
        strict.call_without_key("GET", "/healthz").send().await.data();
        strict.call_without_key("GET", "/readyz").send().await.data();
    }
    strict.call_without_key("GET", "/docs").send().await.refused(429, "RATE_LIMITED");
    strict.stop().await;
}

async fn a_clock_that_is_set_changes_no_limit(server: &Server) {
    let key = server.key_with(&["read"], Tier::Starter, None).await;
    let ask = async || server.call_as(&key.text, "GET", &server.at("")).send().await;
    for set in [Duration::hours(-2), Duration::days(-400), Duration::hours(5)] {
        spend(server, &key.text, 600).await;
        server.clock.set_by(set);
        let refused = ask().await;
        let wait = refused.refused(429, "RATE_LIMITED").body["retry_after"].as_i64().unwrap();
        assert!((60..=61).contains(&wait), "{wait}");
        // The reset is told by the clock on the wall, which the client has too.
        let reset = number(&refused, "x-ratelimit-reset") - server.clock.now().unix_timestamp();
        assert_eq!(reset, wait);
        server.clock.advance(Duration::seconds(wait));
        ask().await.data();
        server.clock.advance(Duration::seconds(61));
    }
}
