//! How long a large catalog takes to load, and how much memory it has.

use std::hint::black_box;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use integrations_core::catalog::Catalog;
use riq_testing::provider_files;
use toml::de::DeTable;

use super::equipment::MEGABYTE;
use super::report::{Bound, Line};
use super::rounds::middle;
use crate::server::kilobytes;

/// How many providers there are.
const PROVIDERS: usize = 1_000;
/// How often it is loaded; the median counts.
const SAMPLES: usize = 5;

/// Adds lines with the time and the memory that a catalog of a thousand providers takes, made of the built-in files
/// under other keys. The yardstick is a parser that reads the TOML of the same files, and checks nothing.
///
/// # Errors
/// When a file cannot be read.
pub(super) fn measure(lines: &mut Vec<Line>) -> Result<()> {
    let files = files();
    let before = memory()?;
    let catalog = load(&files)?;
    let megabytes = (memory()? - before) / MEGABYTE;
    ensure!(catalog.iter().count() == PROVIDERS, "not all providers were loaded");
    drop(catalog);
    let loaded = median_milliseconds(|| load(&files).map(drop))?;
    let parsed = median_milliseconds(|| {
        files.iter().try_for_each(|(name, text)| {
            let document = DeTable::parse(text).with_context(|| name.clone())?;
            black_box(document);
            Ok(())
        })
    })?;
    let per_second = |milliseconds: f64| PROVIDERS as f64 * 1e3 / milliseconds;
    lines.push(Line {
        beside: Some(("their TOML alone".to_owned(), per_second(parsed))),
        ..Line::number("1,000 providers are loaded", loaded, " ms", Some(Bound::Below(300.0)))
    });
    lines.push(Line::number("memory of 1,000 providers", megabytes, " MB", Some(Bound::Below(60.0))));
    let catalog = load(&files)?;
    let searched = median_milliseconds(|| {
        black_box(catalog.search(Some("gogle calender"), None));
        Ok(())
    })?;
    lines.push(Line::number("a search among them with two typos", searched, " ms", Some(Bound::Below(10.0))));
    Ok(())
}

/// The built-in files in turn, each time under other keys.
fn files() -> Vec<(String, String)> {
    let built_in: Vec<(String, String)> = provider_files::all().collect();
    let file = |number: usize| {
        let (name, text) = &built_in[number % built_in.len()];
        let (key, own) = (format!("p{number}"), name.trim_end_matches(".toml"));
        (format!("{key}.toml"), text.replacen(&format!("key = \"{own}\""), &format!("key = \"{key}\""), 1))
    };
    (0..PROVIDERS).map(file).collect()
}

fn load(files: &[(String, String)]) -> Result<Catalog> {
    Ok(Catalog::default().with_files(files.iter().cloned())?)
}

fn median_milliseconds(mut call: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut samples = Vec::new();
    for _ in 0..SAMPLES {
        let began = Instant::now();
        call()?;
        samples.push(began.elapsed().as_secs_f64() * 1e3);
    }
    Ok(middle(samples))
}

/// The memory of this process, in bytes.
fn memory() -> Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status").context("cannot read this process's memory")?;
    let kilobytes = kilobytes(&status, "RssAnon:");
    ensure!(kilobytes > 0, "the system does not tell this process's memory");
    Ok(kilobytes as f64 * 1024.0)
}
