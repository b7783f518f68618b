//! Checks that the dashboard and the alerts in docs/setup/monitoring use existing metrics and labels.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use http::{Method, StatusCode};
use integrations_core::{
    action::RunStatus,
    lifecycle::{Health, Status},
    revocation::RevocationStatus,
    webhook::{Attempted, Outcome},
};
use serde_json::Value;

use super::{CutReason, IntegrationCount, Metrics, PoolUse, ProbeOutcome, ProxyOutcome, RefreshOutcome};

const DASHBOARD: &str = include_str!("../../../../docs/setup/monitoring/grafana-dashboard.json");
const ALERTS: &str = include_str!("../../../../docs/setup/monitoring/alerts.yml");
const MONITORING: &str = include_str!("../../../../docs/setup/monitoring.md");

/// The labels of every metric, by the names that a query may use.
fn metrics() -> BTreeMap<String, BTreeSet<String>> {
    let metrics = Metrics::default();
    metrics.request(Some(&Method::GET), None, StatusCode::OK, Duration::ZERO);
    metrics.probe("slack", ProbeOutcome::Well, Duration::ZERO);
    metrics.refresh("slack", RefreshOutcome::Refreshed);
    metrics.action_call("slack", "post_message", RunStatus::Succeeded, Duration::ZERO);
    metrics.proxied("slack", ProxyOutcome::Answered);
    metrics.connection_cut(CutReason::Stalled);
    let (status, health) = (Status::Active, Health::Healthy);
    metrics.integrations(Some(&[IntegrationCount { status, health, count: 1 }]));
    metrics.revocation("slack", RevocationStatus::Revoked);
    metrics.provider_events("slack", "taken", 1);
    let outcome = Outcome::Answered(200, None);
    metrics.delivery_attempted(&Attempted { outcome, took: Duration::ZERO, answer: String::new() });
    let text = metrics.render(&[PoolUse { pool: "shared", in_use: 0, idle: 0, max: 1 }]).unwrap();
    let samples = text.lines().filter(|line| !line.starts_with('#'));
    samples
        .map(|line| {
            let (name, labels) = line.split_once('{').unwrap_or((line, ""));
            let labels = labels.split("\",").filter_map(|label| label.split_once("=\""));
            (name.split(' ').next().unwrap().to_owned(), labels.map(|(name, _)| name.to_owned()).collect())
        })
        .collect()
}

/// The metrics of a query, each with the labels that it filters by.
fn queried(query: &str) -> Vec<(String, Vec<String>)> {
    let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let mut found = Vec::new();
    for (at, _) in query.match_indices("riq_") {
        let name: String = query[at..].chars().take_while(|c| is_of_name(*c)).collect();
        let rest = &query[at + name.len()..];
        let narrowed =
            rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map_or("", |(all, _)| all);
        let labels = narrowed.split(',').filter_map(|one| one.split_once(['=', '!']));
        found.push((name, labels.map(|(label, _)| label.trim().to_owned()).collect()));
    }
    found
}

fn check(query: &str) {
    // Prometheus adds these two labels to every metric.
    let (metrics, added) = (metrics(), ["job", "instance"]);
    for (name, labels) in queried(query) {
        let known = metrics.get(&name).unwrap_or_else(|| panic!("there is no metric {name}: {query}"));
        for label in labels {
            assert!(
                known.contains(&label) || added.contains(&label.as_str()),
                "{name} has no {label}: {query}"
            );
        }
    }
}

#[test]
fn the_dashboard_uses_existing_metrics_and_shows_all() {
    let dashboard: Value = serde_json::from_str(DASHBOARD).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let targets = panels.iter().flat_map(|panel| panel["targets"].as_array().into_iter().flatten());
    let queries: Vec<&str> = targets.map(|target| target["expr"].as_str().unwrap()).collect();
    queries.iter().for_each(|query| check(query));
    let shown: BTreeSet<String> =
        queries.iter().flat_map(|query| queried(query)).map(|(name, _)| name).collect();
    let hidden: Vec<_> = metrics().into_keys().filter(|name| !shown.contains(name)).collect();
    let of_histograms = hidden.iter().all(|name| name.ends_with("_sum") || name.ends_with("_count"));
    assert!(of_histograms, "the dashboard does not show {hidden:?}");
    assert_eq!(
        queried("rate(riq_no_such_total{a=\"b\",c!~\"d\"}[5m])"),
        [("riq_no_such_total".to_owned(), vec!["a".to_owned(), "c".to_owned()])]
    );
}

#[test]
fn the_alerts_use_existing_metrics_and_link_to_their_runbooks() {
    let rules: Vec<&str> = ALERTS.split("- alert: ").skip(1).collect();
    assert!(rules.len() >= 8, "{rules:?}");
    let headings: BTreeSet<String> =
        MONITORING.lines().filter_map(|line| line.strip_prefix("### ")).map(anchor).collect();
    for rule in rules {
        check(rule);
        let runbook =
            rule.split_once("runbook: docs/setup/monitoring.md#").unwrap_or_else(|| panic!("{rule}")).1;
        let section = runbook.lines().next().unwrap();
        assert!(headings.contains(section), "docs/setup/monitoring.md has no section {section}");
    }
    let documented =
        metrics().into_keys().filter(|name| !name.ends_with("_sum") && !name.ends_with("_count"));
    for name in documented.map(|name| name.trim_end_matches("_bucket").to_owned()) {
        assert!(
            MONITORING.contains(&format!("`{name}`")),
            "docs/setup/monitoring.md does not describe {name}"
        );
    }
}

/// The anchor of a heading.
fn anchor(heading: &str) -> String {
    let kept = heading
        .to_lowercase()
        .chars()
        .filter(|c| c.is_alphanumeric() || " -".contains(*c))
        .collect::<String>();
    kept.replace(' ', "-")
}
