//! What answers of the token endpoint make of an integration.

use std::{sync::Arc, time::Duration as Std};

use riq_testing::providers::desk_and_keys::Says;
use time::Duration;

use super::{is, state};
use crate::support::played::{Stage, on_stage};

on_both_stages!(
    a_failing_token_endpoint_is_trouble_and_not_death,
    a_refusal_is_an_error_once_the_access_token_has_ended,
    new_tokens_are_stored_whatever_is_wrong_beside_them,
    a_refresh_token_that_was_taken_is_not_sent_again,
    a_short_life_does_not_make_refreshes_follow_each_other,
    a_new_token_may_be_valid_only_a_moment_later,
    a_family_ends_if_a_token_comes_twice,
);

async fn a_failing_token_endpoint_is_trouble_and_not_death(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.server.clock.advance(Duration::minutes(59));
    for (status, body, reason) in [
        (503, "", "it is not available at the moment (status 503)"),
        (408, "", "it is not available at the moment (status 408)"),
        (429, "{}", "it is getting too many requests at the moment (status 429)"),
    ] {
        stage.provider.set("desk token", Says::This(status, vec![], body));
        let message = format!("Desk did not issue a new access token: {reason}");
        // The access token has ended after the first round. That is not held against it.
        assert_eq!(state(stage.check("desk").await.data()), is("active", "degraded", Some(&message)));
        stage.server.clock.advance(Duration::hours(2));
    }
    stage.provider.set("desk token", Says::Truth);
    assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None));
    assert_eq!(stage.provider.refreshes(), [4, 0]);
}

async fn a_refusal_is_an_error_once_the_access_token_has_ended(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    let app = "Check the client id and secret of its OAuth app, or connect it again";
    for (status, body, found, remedy) in [
        (401, "", "Desk did not issue a new access token: it answered with status 401 and no reason", app),
        (
            400,
            r#"{"error": "invalid_client"}"#,
            "Desk refused to issue a new access token (invalid_client)",
            app,
        ),
        (200, r#"{"error": "no"}"#, "Desk refused to issue a new access token (no)", "Connect it again"),
        (
            403,
            "<html>",
            "Desk did not issue a new access token: it answered with a web page instead of JSON (status 403)",
            "Connect it again",
        ),
        (
            200,
            "<html>",
            "Desk did not issue a new access token: it answered with a web page instead of JSON (status 200)",
            "Connect it again",
        ),
    ] {
        stage.provider.set("desk token", Says::This(status, vec![], body));
        stage.server.clock.advance(Duration::minutes(50));
        assert_eq!(state(stage.check("desk").await.data()), is("active", "degraded", Some(found)));
        stage.server.clock.advance(Duration::minutes(15));
        let message = format!("{found}. {remedy}");
        assert_eq!(state(stage.check("desk").await.data()), is("error", "unhealthy", Some(&message)));
        // Whoever mends it need not connect again.
        stage.provider.set("desk token", Says::Truth);
        stage.server.clock.advance(Duration::hours(2));
        assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None));
    }
    assert!(!stage.provider.has_ended());
}

async fn new_tokens_are_stored_whatever_is_wrong_beside_them(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    let json = "application/json";
    let answers: [(&str, &[u8]); 12] = [
        (json, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":""}"#),
        (json, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":"3600"}"#),
        (json, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":3599.99999}"#),
        (json, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":-1}"#),
        (json, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":null}"#),
        (json, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":1e400}"#),
        (json, b"\xef\xbb\xbf{\"access_token\":\"{access}\",\"refresh_token\":\"{refresh}\"}"),
        (
            json,
            br#"{"access_token":"{access}","refresh_token":"{refresh}","region":{"id":7},"token_type":8}"#,
        ),
        (
            json,
            br#"{"access_token":"x","access_token":"{access}","refresh_token":"{refresh}","scope":[null,3]}"#,
        ),
        (
            json,
            b"{\"access_token\":\"{access}\",\"refresh_token\":\"{refresh}\",\"name\":\"Caf\xe9 \\ud800\"}",
        ),
        ("text/html", br#"{"access_token":"{access}","refresh_token":"{refresh}","id_token":"ey"#),
        (
            "application/x-www-form-urlencoded",
            b"access_token={access}&refresh_token={refresh}&expires_in=3600",
        ),
    ];
    for (round, (content_type, body)) in answers.into_iter().enumerate() {
        let says = Says::InItsPlace(200, vec![("content-type", content_type)], body);
        stage.provider.set("desk token", says);
        // Whether or not the lifetime is known, the provider may end the access token.
        stage.provider.set("desk probe", Says::RefusedAtFirst(Arc::new(1.into())));
        stage.server.clock.advance(Duration::minutes(2));
        let checked = stage.check("desk").await;
        let shown = String::from_utf8_lossy(body);
        assert_eq!(state(checked.data()), is("active", "healthy", None), "{shown}");
        assert_eq!(stage.provider.refreshes(), [vec![1; round + 1], vec![0]].concat(), "{shown}");
    }
    assert!(!stage.provider.has_ended());
}

async fn a_refresh_token_that_was_taken_is_not_sent_again(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    // The earlier access token goes on working.
    stage.provider.set("desk probe", Says::InItsPlace(200, vec![], b"{}"));
    stage.provider.set("desk token", Says::InItsPlace(200, vec![], br#"{"ok": true}"#));
    stage.server.clock.advance(Duration::minutes(50));
    let found = "Desk did not issue a new access token: its answer has no access_token";
    assert_eq!(state(stage.check("desk").await.data()), is("active", "degraded", Some(found)));
    stage.server.clock.advance(Duration::minutes(5));
    assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None), "until it ends");
    stage.server.clock.advance(Duration::minutes(5));
    let message = "The renewal of Desk's access token was interrupted: connect it again";
    assert_eq!(state(stage.check("desk").await.data()), is("error", "unhealthy", Some(message)));
    stage.check("desk").await.refused(409, "REINSTALL_REQUIRED");
    assert_eq!(stage.provider.refreshes(), [1, 0]);
    assert!(!stage.provider.has_ended());
}

async fn a_short_life_does_not_make_refreshes_follow_each_other(stage: &Stage) {
    let replica = stage.server.replica(|_| {}).await;
    for (generation, expires_in) in [
        (1, &br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":1}"#[..]),
        (2, br#"{"access_token":"{access}","refresh_token":"{refresh}","expires_in":0}"#),
    ] {
        if generation == 1 {
            stage.connect_desk(Duration::hours(1)).await;
            stage.server.clock.advance(Duration::hours(1));
        }
        stage.provider.set("desk token", Says::InItsPlace(200, vec![], expires_in));
        for _ in 0..59 {
            for server in [&stage.server, &replica] {
                let answer = server.call("POST", &stage.server.at("/desk/check")).send().await;
                assert_eq!(state(answer.data()), is("active", "healthy", None));
            }
            assert_eq!(stage.provider.refreshes().len(), generation + 1);
            stage.server.clock.advance(Duration::seconds(1));
        }
        stage.server.clock.advance(Duration::seconds(1));
    }
    // 0 says nothing, so it is refreshed when it is refused.
    stage.server.clock.advance(Duration::days(1));
    stage.check("desk").await.data();
    assert_eq!(stage.provider.refreshes().len(), 3);
    replica.stop().await;
}

async fn a_new_token_may_be_valid_only_a_moment_later(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.provider.set("desk probe", Says::RefusedAtFirst(Arc::new(3.into())));
    assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None));
    assert_eq!(stage.server.clock.pauses(), [Std::from_secs(1), Std::from_secs(3)]);
    assert_eq!(stage.provider.refreshes(), [1, 0]);
    assert!(!stage.recorded("desk").await.contains(&"integration.errored".to_owned()));
}

async fn a_family_ends_if_a_token_comes_twice(stage: &Stage) {
    stage.connect_desk(Duration::hours(1)).await;
    stage.provider.set("desk probe", Says::RefusedAtFirst(Arc::new(1.into())));
    assert_eq!(state(stage.check("desk").await.data()), is("active", "healthy", None));
    // An old copy of the database is restored.
    stage.server.delete("desk").await.data();
    stage.connect_desk(Duration::hours(1)).await;
    let message = "Desk does not accept the refresh token (invalid_grant): connect it again";
    assert_eq!(state(stage.check("desk").await.data()), is("error", "unhealthy", Some(message)));
    assert!(stage.provider.has_ended());
}
