//! The report: the measurements and the targets.

use anyhow::Result;
use serde_json::{Value, json};

use super::load::Round;
use super::rounds::Medians;

/// The target of a measurement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bound {
    /// At least this.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
}

impl Bound {
    fn is_reached_by(self, measured: f64) -> bool {
        match self {
            Self::AtLeast(bound) => measured >= bound,
            Self::Below(bound) => measured < bound,
        }
    }

    fn describe(self, unit: &str) -> String {
        match self {
            Self::AtLeast(bound) => format!(">= {bound}{unit}"),
            Self::Below(bound) => format!("< {bound}{unit}"),
        }
    }
}

/// A line of the report: a rate compared with a yardstick's, or one number.
#[derive(Debug)]
pub(super) struct Line {
    /// What was measured.
    pub(super) what: String,
    /// The rate and latencies, if a rate was measured.
    pub(super) round: Option<Round>,
    /// The yardstick's name and rate.
    pub(super) beside: Option<(String, f64)>,
    /// The number that is compared with the target: a ratio, or a number with the unit `unit`.
    pub(super) measured: f64,
    /// Its unit, with a space before it; empty for a ratio.
    pub(super) unit: &'static str,
    /// The target.
    pub(super) bound: Option<Bound>,
}

impl Line {
    /// A line with one number.
    pub(super) fn number(what: &str, measured: f64, unit: &'static str, bound: Option<Bound>) -> Self {
        Self { what: what.to_owned(), round: None, beside: None, measured, unit, bound }
    }

    /// A line that compares a measurement with another, its yardstick.
    ///
    /// # Errors
    /// When one of the two was not measured.
    pub(super) fn ratio(
        what: &str,
        medians: &Medians,
        name: &str,
        yardstick: &str,
        bound: Option<Bound>,
    ) -> Result<Self> {
        Ok(Self {
            what: what.to_owned(),
            round: Some(medians.get(name)?),
            beside: Some((yardstick.to_owned(), medians.get(yardstick)?.per_second)),
            measured: medians.ratio(name, yardstick)?,
            unit: "",
            bound,
        })
    }

    fn verdict(&self) -> &'static str {
        match self.bound {
            None => "",
            Some(bound) if bound.is_reached_by(self.measured) => "reached",
            Some(_) => "MISSED",
        }
    }

    fn cells(&self) -> [String; 9] {
        let rate = |rate: f64| if rate.is_finite() { format!("{rate:.0}") } else { String::new() };
        let latency =
            |latency: f64| if latency.is_finite() { format!("{latency:.2}") } else { String::new() };
        let round = |part: fn(&Round) -> f64| self.round.as_ref().map_or(f64::NAN, part);
        [
            self.what.clone(),
            rate(round(|round| round.per_second)),
            latency(round(|round| round.p50)),
            latency(round(|round| round.p99)),
            self.beside.as_ref().map_or_else(String::new, |(name, _)| name.clone()),
            rate(self.beside.as_ref().map_or(f64::NAN, |(_, rate)| *rate)),
            format!("{:.*}{}", if self.unit.is_empty() { 3 } else { 1 }, self.measured, self.unit),
            self.bound.map_or_else(String::new, |bound| bound.describe(self.unit)),
            self.verdict().to_owned(),
        ]
    }

    fn json(&self) -> Value {
        let number =
            |part: fn(&Round) -> f64| self.round.as_ref().map(part).filter(|number| number.is_finite());
        json!({
            "what": self.what,
            "requests_per_second": number(|round| round.per_second),
            "p50_ms": number(|round| round.p50),
            "p99_ms": number(|round| round.p99),
            "beside": self.beside.as_ref().map(|(name, _)| name),
            "beside_per_second": self.beside.as_ref().map(|(_, rate)| rate),
            "measured": self.measured,
            "unit": if self.unit.is_empty() { "ratio" } else { self.unit.trim() },
            "target": self.bound.map(|bound| bound.describe(self.unit)),
            "reached": self.bound.map(|bound| bound.is_reached_by(self.measured)),
        })
    }
}

const HEAD: [&str; 9] = ["measured", "r/s", "p50 ms", "p99 ms", "beside", "r/s", "result", "target", ""];

/// The lines as a Markdown table, which is also readable in a terminal.
pub(super) fn table(lines: &[Line]) -> String {
    let rows: Vec<[String; 9]> =
        std::iter::once(HEAD.map(str::to_owned)).chain(lines.iter().map(Line::cells)).collect();
    let widths: [usize; 9] = std::array::from_fn(|column| {
        rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0).max(3)
    });
    let is_number = |column: usize| matches!(column, 1..=3 | 5 | 6);
    let rule = std::array::from_fn::<String, 9, _>(|column| {
        let width = widths[column];
        if is_number(column) { format!("{}:", "-".repeat(width - 1)) } else { "-".repeat(width) }
    });
    let mut text = String::new();
    for row in std::iter::once(&rows[0]).chain(std::iter::once(&rule)).chain(&rows[1..]) {
        for (column, cell) in row.iter().enumerate() {
            let padding = " ".repeat(widths[column] - cell.chars().count());
            let (before, after) =
                if is_number(column) { (padding.as_str(), "") } else { ("", padding.as_str()) };
            text.push_str(&format!("| {before}{cell}{after} "));
        }
        text.push_str("|\n");
    }
    text
}

/// The lines as JSON, with the settings of the measurements.
pub(super) fn json(lines: &[Line], settings: &Value) -> Value {
    json!({"settings": settings, "measurements": lines.iter().map(Line::json).collect::<Vec<_>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(per_second: f64) -> Round {
        Round { requests: 1.0, per_second, p50: 1.25, p99: 9.5 }
    }

    #[test]
    fn a_target_is_reached_or_missed() {
        let line = |bound| Line::number("list", 0.35, "", Some(bound));
        assert_eq!(line(Bound::AtLeast(0.35)).verdict(), "reached");
        assert_eq!(line(Bound::AtLeast(0.36)).verdict(), "MISSED");
        assert_eq!(Line::number("memory", 120.0, " MB", Some(Bound::Below(120.0))).verdict(), "MISSED");
        assert_eq!(Line::number("memory", 119.0, " MB", Some(Bound::Below(120.0))).verdict(), "reached");
    }

    #[test]
    fn the_table_lines_up() {
        let lines = [
            Line {
                round: Some(round(12345.6)),
                beside: Some(("pgbench".to_owned(), 30000.0)),
                ..Line::number("list", 0.4115, "", None)
            },
            Line::number("memory", 42.25, " MB", Some(Bound::Below(120.0))),
        ];
        let table = table(&lines);
        let widths: Vec<usize> = table.lines().map(|line| line.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == widths[0]), "{table}");
        assert!(table.contains("| 12346 |"), "{table}");
        assert!(table.contains("42.2 MB") && table.contains("< 120 MB"), "{table}");
    }

    #[test]
    fn json_leaves_out_what_is_not_known() {
        let lines = [Line::number("memory", 42.0, " MB", None)];
        let report = json(&lines, &json!({}));
        assert_eq!(report["measurements"][0]["p50_ms"], Value::Null);
        assert_eq!(report["measurements"][0]["unit"], "MB");
    }
}
