//! The time of a decision alone, without server and database.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use integrations_core::action::{Context, Decision, Facts, RenderedBody, Totals, amounts};
use integrations_core::catalog::{Catalog, Method, Provider};
use integrations_core::permissions::{ActionPermissions, OTHER_READS, OTHER_WRITES, Permission};
use integrations_core::proxy::{self, Refusal, Route};
use riq_testing::provider_files;
use serde_json::{Map, Value, json};

use crate::bench::report::{Bound, Line};
use crate::bench::rounds::middle;

/// How often a decision is taken for one sample, and how many samples there are.
const REPEATS: u32 = 200;
const SAMPLES: usize = 51;
/// The target, in microseconds.
const TARGET: f64 = 10.0;

/// Adds lines with the times of decisions: on the action with the most guards, and on requests through the proxy, the
/// slowest of those that the actions of the catalog show as examples.
///
/// # Errors
/// When the catalog has none of them, or a decision is not the expected one.
pub(super) fn measure(lines: &mut Vec<Line>) -> Result<()> {
    // What is built in has no examples.
    let catalog = Catalog::default().with_files(provider_files::all())?;
    let bound = Some(Bound::Below(TARGET));
    lines.push(Line::number("decision on a refund with six guards", refund(&catalog)?, " µs", bound));
    let mut slowest = [0.0_f64; 2];
    for example in catalog.iter().flat_map(|provider| Proxied::examples_of(provider)) {
        let place = &mut slowest[usize::from(example.body.is_some())];
        *place = place.max(median_time(|| drop(black_box(example.decide()))));
    }
    ensure!(slowest.iter().all(|slowest| *slowest > 0.0), "the catalog has no examples");
    let [plain, graphql] = slowest;
    lines.push(Line::number("decision on a request through the proxy, the slowest", plain, " µs", bound));
    let what = "the same for GraphQL, which is read for it, the slowest";
    lines.push(Line::number(what, graphql, " µs", None));
    Ok(())
}

/// The median time of a call, in microseconds.
fn median_time(call: impl Fn()) -> f64 {
    let sample = |_| {
        let began = Instant::now();
        (0..REPEATS).for_each(|_| call());
        began.elapsed().as_secs_f64() * 1e6 / f64::from(REPEATS)
    };
    middle((0..SAMPLES).map(sample).collect())
}

/// The time of the decision on a refund at Stripe that is within every limit.
fn refund(catalog: &Catalog) -> Result<f64> {
    let action = catalog.get("stripe").and_then(|stripe| stripe.action("issue_refund"));
    let action = action.context("the catalog has no refund at Stripe")?;
    let settings = object(json!({
        "refunds_enabled": true, "refund_limit_cents": 5000, "refund_limit_currency": "USD",
        "refund_daily_limit_cents": 100_000,
    }));
    let mut input = object(json!({"charge": "ch_1", "amount": 500, "reason": "duplicate"}));
    let evidence = object(json!({"currency": "usd", "paid": 4200, "refunded": 0, "disputed": false}));
    let money = amounts(action, &mut input, &evidence, &Map::new())
        .map_err(|issues| anyhow!("the refund has no amount: {issues:?}"))?;
    let totals = Totals((0..action.guards.len()).map(|guard| (guard, 1_000)).collect());
    let context = Context::default();
    let facts = Facts {
        permission: Permission::Allowed,
        is_active: true,
        settings: &settings,
        input: &input,
        money: &money,
        evidence: &evidence,
        context: &context,
        totals: &totals,
    };
    let decide = || integrations_core::action::decide(action, black_box(&facts));
    let decision = decide();
    ensure!(decision == Decision::Allow, "the refund is not allowed: {decision:?}");
    Ok(median_time(|| drop(black_box(decide()))))
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

/// A request that a caller might write.
struct Proxied<'a> {
    provider: &'a Provider,
    method: Method,
    path: &'a str,
    /// The body, where it decides: GraphQL.
    body: Option<Vec<u8>>,
    permissions: ActionPermissions,
}

impl<'a> Proxied<'a> {
    /// Those that the provider's actions show as examples.
    fn examples_of(provider: &'a Provider) -> impl Iterator<Item = Self> {
        let keys = provider.actions.iter().map(|action| action.key.as_str());
        let permissions: ActionPermissions = keys
            .chain([OTHER_READS, OTHER_WRITES])
            .map(|key| (key.to_owned(), Permission::Allowed))
            .collect();
        provider.actions.iter().flat_map(|action| &action.examples).map(move |example| {
            let (method, path) = (example.request.method, example.request.path.as_str());
            let is_graphql = Route::read(provider, method, path, None).is_ok_and(|route| route.is_graphql());
            let body = match &example.request.body {
                RenderedBody::Json(json) if is_graphql => serde_json::to_vec(json).ok(),
                _ => None,
            };
            Self { provider, method, path, body, permissions: permissions.clone() }
        })
    }

    /// Whether it writes, if everything is permitted that can be.
    fn decide(&self) -> Result<bool, Refusal> {
        let provider = self.provider;
        let route = Route::read(provider, self.method, self.path, None)?;
        let read = self.body.as_deref().map(proxy::read_body).transpose()?;
        let wish = route.wish(provider, read.as_ref().map(|(operation, _)| operation))?;
        proxy::decide(provider, &self.permissions, &wish)?;
        Ok(wish.writes)
    }
}
