//! How verdicts of probes change an integration, and when it is probed again.

use std::sync::{Arc, LazyLock};

use proptest::{prelude::*, sample::select};
use time::macros::datetime;
use time::{Duration, OffsetDateTime};

use crate::audit::AuditAction;
use crate::catalog::{Catalog, Provider, contract_test::of_the_contract};
use crate::health::{NoAnswer, Verdict, judge};
use crate::integration::{Configuration, Connected, Integration};
use crate::lifecycle::{Chosen, Credential, Health, Refusal, State, Status};
use crate::observation::{Observation, is_as_before};
use crate::probe_answer::ProbeAnswer;
use crate::schedule::{Spread, refresh_at, until_probe, until_refresh_retry};

const NOW: OffsetDateTime = datetime!(2026-05-17 17:55:00 UTC);
const LATER: OffsetDateTime = datetime!(2026-05-17 18:10:00 UTC);

static CATALOG: LazyLock<Catalog> = LazyLock::new(of_the_contract);

fn slack() -> Arc<Provider> {
    Arc::clone(CATALOG.get("slack").unwrap())
}

fn installed(state: State) -> Integration {
    let (id, project) = ("int_01jc3q5v6w7x8y9zabcdefghjk", "prj_01jc3q5v6w7x8y9zabcdefghjk");
    let connected = Connected { health: Health::Healthy, ..Connected::unprobed(Configuration::default()) };
    let revision = Integration::install(
        id.parse().unwrap(),
        project.parse().unwrap(),
        &CATALOG.account("slack").unwrap(),
        connected,
        NOW,
    );
    Integration { state, ..revision.integration }
}

fn degraded() -> Verdict {
    Verdict::Degraded { message: "Slack did not answer in time".into() }
}

fn dead() -> Verdict {
    Verdict::Dead { message: "Slack does not accept the access token: connect it again".into() }
}

fn changed(integration: &Integration, verdict: &Verdict) -> (Integration, AuditAction) {
    match integration.observe(verdict, LATER) {
        Ok(Observation::Changed(revision)) => (revision.integration, revision.action),
        other => panic!("{verdict:?} changes nothing: {other:?}"),
    }
}

#[test]
fn trouble_leaves_the_status_and_says_what_it_is() {
    let (troubled, action) = changed(&installed(State::Active), &degraded());
    assert_eq!((troubled.status(), troubled.health), (Status::Active, Health::Degraded));
    assert_eq!(troubled.error_message.as_deref(), Some("Slack did not answer in time"));
    assert_eq!(action, AuditAction::IntegrationHealthChanged);
    assert_eq!(troubled.observe(&degraded(), LATER), Ok(Observation::Unchanged));
    let (well, action) = changed(&troubled, &Verdict::Well);
    assert_eq!(
        (well.health, well.error_message, action),
        (Health::Healthy, None, AuditAction::IntegrationHealthChanged)
    );
}

#[test]
fn a_refusal_is_an_error_and_a_good_answer_leads_back_to_what_was_before() {
    for before in [Chosen::Active, Chosen::Paused] {
        let (errored, action) = changed(&installed(before.into()), &dead());
        assert_eq!((errored.state, errored.health), (State::Error { before }, Health::Unhealthy));
        assert_eq!(action, AuditAction::IntegrationErrored);
        assert!(errored.error_message.as_deref().unwrap().ends_with("connect it again"));
        assert_eq!(
            errored.observe(&degraded(), LATER),
            Ok(Observation::Unchanged),
            "the refusal still stands"
        );
        assert_eq!(errored.observe(&dead(), LATER), Ok(Observation::Unchanged));
        let (well, action) = changed(&errored, &Verdict::Well);
        assert_eq!((well.state, well.health, well.error_message), (before.into(), Health::Healthy, None));
        assert_eq!((well.last_synced_at, action), (Some(LATER), AuditAction::IntegrationHealthChanged));
    }
}

#[test]
fn what_is_disconnected_is_not_observed() {
    for verdict in [Verdict::Well, degraded(), dead()] {
        let refusal = installed(State::Disconnected).observe(&verdict, LATER);
        assert_eq!(refusal, Err(Refusal::NotApplicable));
    }
}

/// Something that happens to an integration.
#[derive(Clone, Debug)]
enum Step {
    Answer(u16, String),
    Silence(NoAnswer),
    Pause,
    Activate,
}

fn steps() -> impl Strategy<Value = Step> {
    let answers = (
        select(vec![200_u16, 204, 301, 400, 401, 403, 404, 410, 429, 500, 502, 503]),
        select(vec![
            "",
            "garbage",
            "{\"ok\": true}",
            "{\"ok\": false}",
            "{\"ok\": false, \"error\": \"invalid_auth\"}",
            "{\"ok\": false, \"error\": \"missing_scope\"}",
            "{\"ok\": false, \"error\": \"ratelimited\"}",
            "[]",
        ]),
    );
    prop_oneof![
        8 => answers.prop_map(|(status, body)| Step::Answer(status, body.to_owned())),
        2 => select(vec![NoAnswer::TimedOut, NoAnswer::Unreachable, NoAnswer::Tls, NoAnswer::TooLarge, NoAnswer::Broken])
            .prop_map(Step::Silence),
        1 => Just(Step::Pause),
        1 => Just(Step::Activate),
    ]
}

proptest! {
    /// No sequence of answers leads to a state that is not in the lifecycle's table, and an integration returns from
    /// `error` to the status before it.
    #[test]
    fn no_sequence_of_answers_leaves_the_table(steps in prop::collection::vec(steps(), 0..60)) {
        let provider = slack();
        let mut integration = installed(State::Active);
        let mut chosen = Chosen::Active;
        for step in steps {
            let verdict = match &step {
                Step::Answer(status, body) => {
                    let answer = ProbeAnswer { status: *status, headers: &[], body: body.as_bytes() };
                    judge(&provider, Ok(&answer))
                }
                Step::Silence(why) => judge(&provider, Err(*why)),
                Step::Pause | Step::Activate => {
                    let to = if matches!(step, Step::Pause) { "paused" } else { "active" };
                    let body = format!("{{\"status\": \"{to}\"}}");
                    let update = crate::integration::Update::read(body.as_bytes(), &integration, &provider);
                    match integration.apply(update.unwrap(), Credential::Usable, LATER) {
                        Ok(revision) => {
                            chosen = if to == "paused" { Chosen::Paused } else { Chosen::Active };
                            integration = revision.map_or(integration, |revision| revision.integration);
                        }
                        // Only a successful probe or a pause leads out of an error.
                        Err(refusal) => {
                            prop_assert_eq!(refusal, Refusal::ProbeRequired);
                            prop_assert_eq!(integration.status(), Status::Error);
                        }
                    }
                    continue;
                }
            };
            let before = integration.clone();
            match integration.observe(&verdict, LATER).unwrap() {
                Observation::Unchanged => {}
                Observation::Changed(revision) => {
                    prop_assert!(!is_as_before(&verdict, before.status(), before.health), "the short cut is wrong");
                    prop_assert!(!revision.changes.is_empty() && !revision.destroys_credential);
                    integration = revision.integration;
                }
            }
            match &verdict {
                Verdict::Well | Verdict::Unasked => {
                    prop_assert_eq!(integration.state, State::from(chosen));
                }
                Verdict::Dead { .. } => prop_assert_eq!(integration.state, State::Error { before: chosen }),
                Verdict::Degraded { .. } => prop_assert_eq!(integration.state, before.state),
            }
            // There is a message if and only if something is wrong.
            prop_assert_eq!(integration.error_message.is_some(), integration.health != Health::Healthy);
            prop_assert!(integration.status() != Status::Error || integration.health == Health::Unhealthy);
        }
    }

    #[test]
    fn probes_come_within_a_tenth_of_their_interval_and_on_hold_ten_times_as_rarely(bits: u32) {
        let spread = Spread::from_bits(bits);
        let active = until_probe(&slack(), Status::Active, 0, spread);
        prop_assert!((Duration::seconds(810)..=Duration::seconds(990)).contains(&active), "{active}");
        let paused = until_probe(&slack(), Status::Paused, 0, spread);
        let off: Duration = paused - active * 10;
        prop_assert!(off.abs() < Duration::milliseconds(1), "{paused}");
    }

    #[test]
    fn retries_of_a_probe_grow_from_half_a_minute_to_an_hour(bits: u32, failures in 1_u32..) {
        let spread = Spread::from_bits(bits);
        let until = |failures: u32| until_probe(&slack(), Status::Active, failures, spread);
        let (this, next) = (until(failures), until(failures.saturating_add(1)));
        prop_assert!(this >= Duration::seconds(27) && this <= Duration::minutes(66), "{this}");
        prop_assert!(next >= this);
        prop_assert!(failures > 1 || this <= Duration::seconds(33));
    }

    #[test]
    fn a_refresh_token_is_not_sent_twice_within_a_minute(bits: u32, failures in 1_u32.., life in 1_i64..600) {
        let spread = Spread::from_bits(bits);
        let retry = until_refresh_retry(failures, spread);
        prop_assert!(retry >= Duration::minutes(1) && retry <= Duration::minutes(66), "{retry}");
        let next = refresh_at(NOW, NOW + Duration::seconds(life), spread);
        prop_assert!(next >= NOW + Duration::minutes(1), "{next} of {life}");
        // An imported token that has expired is refreshed at once.
        prop_assert!(refresh_at(NOW, NOW - Duration::seconds(life), spread) <= NOW);
    }

    #[test]
    fn a_token_is_refreshed_before_it_expires_and_the_margin_grows_with_its_life(bits: u32, life in 100_i64..400 * 86_400) {
        let (spread, life) = (Spread::from_bits(bits), Duration::seconds(life));
        let margin = NOW + life - refresh_at(NOW, NOW + life, spread);
        let (least, most): (Duration, Duration) = (life / 5, life * 2 / 5);
        prop_assert!(margin >= least.min(Duration::days(1)), "{margin} of {life}");
        prop_assert!(margin <= most.min(Duration::days(2)) + Duration::nanoseconds(1), "{margin} of {life}");
    }
}
