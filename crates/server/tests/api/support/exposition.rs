//! Prometheus' text format, read strictly (version 0.0.4: prometheus.io/docs/instrumenting/exposition_formats).

use std::collections::{BTreeMap, BTreeSet};

/// The scraped values of the series, by name with labels as written.
#[derive(Debug)]
pub(crate) struct Exposition {
    pub(crate) series: BTreeMap<String, f64>,
    /// The type of each metric, by name.
    pub(crate) types: BTreeMap<String, String>,
}

impl Exposition {
    /// Reads a text. Fails if it is not exactly in the format.
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line does not end");
        let mut read = Self { series: BTreeMap::new(), types: BTreeMap::new() };
        let (mut helped, mut current) = (BTreeSet::new(), String::new());
        for line in text.lines() {
            if let Some(help) = line.strip_prefix("# HELP ") {
                let (name, words) = help.split_once(' ').unwrap_or_else(|| panic!("no words: {line}"));
                assert!(is_name(name) && !words.is_empty(), "{line}");
                assert!(helped.insert(name.to_owned()), "told of twice: {line}");
            } else if let Some(kind) = line.strip_prefix("# TYPE ") {
                let (name, kind) = kind.split_once(' ').unwrap_or_else(|| panic!("no type: {line}"));
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(kind == "counter", name.ends_with("_total"), "{line}");
                assert!(helped.contains(name), "the metric has no HELP line: {line}");
                let before = read.types.insert(name.to_owned(), kind.to_owned());
                assert_eq!(before, None, "{line}");
                current = name.to_owned();
            } else {
                read.sample(line, &current);
            }
        }
        read.check_histograms();
        read
    }

    fn sample(&mut self, line: &str, metric: &str) {
        let (series, value) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
        let value: f64 = value.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
        let name = series.split('{').next().unwrap();
        let suffix = name.strip_prefix(metric).unwrap_or_else(|| panic!("outside of its metric: {line}"));
        let suffixes: &[&str] = match self.types[metric].as_str() {
            "histogram" => &["_bucket", "_sum", "_count"],
            _ => &[""],
        };
        assert!(is_name(name) && suffixes.contains(&suffix), "{line}");
        if let Some(labels) = series.strip_prefix(name).filter(|labels| !labels.is_empty()) {
            let labels = labels.strip_prefix('{').and_then(|labels| labels.strip_suffix("\"}"));
            for label in labels.unwrap_or_else(|| panic!("not labels: {line}")).split("\",") {
                let (name, value) = label.split_once("=\"").unwrap_or_else(|| panic!("not a label: {line}"));
                assert!(is_name(name) && !value.contains(['"', '\\']), "{line}");
            }
        }
        assert_eq!(self.series.insert(series.to_owned(), value), None, "twice: {line}");
    }

    /// Buckets only grow, up to the one without an upper bound, which counts all.
    fn check_histograms(&self) {
        for (name, _) in self.types.iter().filter(|(_, kind)| *kind == "histogram") {
            let counts =
                self.series.iter().filter(|(series, _)| series.starts_with(&format!("{name}_count")));
            for (series, count) in counts {
                let labels = series.strip_prefix(&format!("{name}_count{{"));
                let labels =
                    labels.map_or_else(String::new, |labels| format!("{},", labels.trim_end_matches('}')));
                let begin = format!("{name}_bucket{{{labels}le=\"");
                let buckets = self.series.iter().filter_map(|(series, value)| {
                    let bound = series.strip_prefix(&begin)?.strip_suffix("\"}")?;
                    Some((if bound == "+Inf" { f64::INFINITY } else { bound.parse().unwrap() }, *value))
                });
                let mut buckets: Vec<(f64, f64)> = buckets.collect();
                buckets.sort_by(|one, other| one.0.total_cmp(&other.0));
                assert!(buckets.is_sorted_by(|one, other| one.1 <= other.1), "{series}: {buckets:?}");
                assert_eq!(buckets.last(), Some(&(f64::INFINITY, *count)), "{series}");
            }
        }
    }

    /// The value of a series. Zero if it does not exist yet.
    pub(crate) fn value(&self, series: &str) -> f64 {
        self.series.get(series).copied().unwrap_or_default()
    }

    /// The names of all series with this prefix.
    pub(crate) fn named(&self, beginning: &str) -> BTreeSet<&str> {
        self.series.keys().map(String::as_str).filter(|series| series.starts_with(beginning)).collect()
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
