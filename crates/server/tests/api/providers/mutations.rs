//! Spoils each fact of provider files, one at a time, and sees whether it is noticed: when the file is loaded with its
//! examples, or when it is played against the simulator, whose expectations come from the provider's documentation.
//!
//! `RIQ_TEST_MUTATIONS` says which files: their keys, or `1/30` for the first of thirty shares of all. Without it, it
//! is one small file. `RIQ_TEST_MUTATIONS_TABLE` names a file that the table is written to.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use futures_util::{StreamExt as _, stream};
use integrations_core::catalog::Catalog;
use riq_testing::{
    provider_files,
    providers::{
        mutations::{Fact, Mutation, mutations, unspoilt},
        simulator::Simulator,
    },
};

use super::whole::wrong_of;

/// How many files are played at once. Most of the time they wait.
const AT_ONCE: usize = 4;

/// The file that is spoilt where nothing else is asked for.
const USUAL: &str = "etsy";

/// What nobody notices, and why that is no gap. Classes are as [`Mutation::class`] has them.
const EXPLAINED: [(&str, &str); 3] = [
    ("actions.also.method", OF_THE_PROXY),
    ("actions.also.path", OF_THE_PROXY),
    ("probe.refused_statuses", "the simulator refuses with one of them"),
];

/// Requests that need the same permission as an action. No action makes them.
const OF_THE_PROXY: &str =
    "what is spoilt is another request of the proxy, which is decided on as an unknown one";

/// How a spoilt fact was noticed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Noticed {
    /// The file does not load: it is wrong, or an example does not come out.
    Loading,
    /// The simulator, or what comes of its answers, disagrees.
    Playing,
    /// Not at all.
    Never,
}

fn chosen() -> Vec<String> {
    let known = Simulator::known();
    let Ok(chosen) = std::env::var("RIQ_TEST_MUTATIONS") else { return vec![USUAL.to_owned()] };
    match chosen.split_once('/') {
        Some((share, shares)) => {
            let (share, shares): (usize, usize) = (share.parse().unwrap(), shares.parse().unwrap());
            known.into_iter().skip(share - 1).step_by(shares).collect()
        }
        None => chosen.split(',').map(str::to_owned).collect(),
    }
}

async fn noticed(key: &str, mutation: &Mutation) -> Noticed {
    let file = (format!("{key}.toml"), mutation.text.clone());
    if Catalog::default().with_files([file.clone()]).is_err() {
        return Noticed::Loading;
    }
    match wrong_of(&[key.to_owned()], vec![file]).await {
        Ok(wrong) if wrong.is_empty() => Noticed::Never,
        Ok(_) | Err(_) => Noticed::Playing,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fact_that_is_spoilt_is_noticed() {
    let keys = chosen();
    // What is not spoilt has no faults, so that each fault is that of a spoilt fact.
    for key in &keys {
        let (name, text) = provider_files::named(key);
        let wrong = wrong_of(&[key.to_owned()], vec![(name, unspoilt(&text))]).await;
        assert_eq!(wrong.unwrap_or_else(|errors| panic!("{errors}")), [""; 0], "{key}");
    }
    let spoilt = keys.iter().flat_map(|key| {
        let (_, text) = provider_files::named(key);
        mutations(&text).into_iter().map(move |mutation| (key, mutation))
    });
    let judged = stream::iter(spoilt).map(async |(key, mutation)| {
        let noticed = noticed(key, &mutation).await;
        (key, mutation, noticed)
    });
    let judged: Vec<_> = judged.buffer_unordered(AT_ONCE).collect().await;
    let mut counts: BTreeMap<Fact, BTreeMap<Noticed, usize>> = BTreeMap::new();
    let mut unnoticed: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for (key, mutation, noticed) in &judged {
        *counts.entry(mutation.fact).or_default().entry(*noticed).or_default() += 1;
        if *noticed == Noticed::Never {
            unnoticed.entry(&mutation.class).or_default().insert(format!("{key}: {mutation}"));
        }
    }
    if let Ok(file) = std::env::var("RIQ_TEST_MUTATIONS_TABLE") {
        std::fs::write(file, table(&counts, &unnoticed)).unwrap();
    }
    let is_explained = |class: &str| EXPLAINED.iter().any(|(explained, _)| *explained == class);
    unnoticed.retain(|class, _| !is_explained(class));
    assert!(judged.len() > keys.len() && unnoticed.is_empty(), "nobody notices: {unnoticed:#?}");
}

fn table(
    counts: &BTreeMap<Fact, BTreeMap<Noticed, usize>>,
    unnoticed: &BTreeMap<&str, BTreeSet<String>>,
) -> String {
    let mut table =
        String::from("| fact | spoilt | when loaded | when played | never |\n|---|--:|--:|--:|--:|\n");
    for (fact, noticed) in counts {
        let of = |noticed_at| noticed.get(&noticed_at).copied().unwrap_or_default();
        let all: usize = noticed.values().sum();
        let (loading, playing, never) = (of(Noticed::Loading), of(Noticed::Playing), of(Noticed::Never));
        writeln!(table, "| {fact:?} | {all} | {loading} | {playing} | {never} |").unwrap();
    }
    writeln!(table).unwrap();
    for (class, places) in unnoticed {
        writeln!(table, "{class}: {}", places.len()).unwrap();
        for place in places {
            writeln!(table, "    {place}").unwrap();
        }
    }
    table
}
