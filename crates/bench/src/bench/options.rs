//! The options of the benchmark: what to measure, and how much.

use std::path::PathBuf;

use super::rounds::Plan;

/// Options of `bench`.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// How many projects the large database has; each has six integrations and ten audit events
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
    pub(super) projects: u32,
    /// How long one round of one measurement lasts
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=60))]
    pub(super) seconds: u32,
    /// How many rounds each measurement has; the median is printed
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=9))]
    pub(super) rounds: u32,
    /// How many events the large audit log has; ten million need about 15 GB of disk space during the measurement
    #[arg(long, default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(20_000..=100_000_000))]
    pub(super) audit_events: u32,
    /// How many integrations there are to lease from
    #[arg(long, default_value_t = 1_000_000, value_parser = clap::value_parser!(u32).range(20_000..=10_000_000))]
    pub(super) monitors: u32,
    /// How many integrations are probed; must be more than a replica can probe in half a minute, the probe interval
    #[arg(long, default_value_t = 100_000, value_parser = clap::value_parser!(u32).range(1_000..=1_000_000))]
    pub(super) probed: u32,
    /// Checks only that the benchmark runs: 5,000 projects, 50,000 audit events, 50,000 integrations to lease from,
    /// 3,000 to probe, and one round of two seconds
    #[arg(long)]
    pub(super) quick: bool,
    /// Measures only these parts
    #[arg(long, value_enum, value_delimiter = ',')]
    pub(super) only: Vec<Part>,
    /// Lets PostgreSQL commit without waiting for the disk, to measure the processor rather than the disk
    #[arg(long)]
    pub(super) volatile: bool,
    /// Measures the list of this older build of the server too, beside the new one, with one connection and with all
    #[arg(long, value_name = "PROGRAM")]
    pub(super) old: Option<PathBuf>,
    /// Also writes the results to a file, as JSON
    #[arg(long, value_name = "FILE")]
    pub(super) json: Option<PathBuf>,
}

/// A part of the measurements.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum Part {
    /// The reading routes on PostgreSQL
    Reads,
    /// The same on SQLite
    Sqlite,
    /// Requests that are refused
    Refused,
    /// PATCH with its audit event
    Patch,
    /// The dashboard's pages: time and size
    Pages,
    /// Pages of the audit log, at ten thousand events and at many more
    Audit,
    /// Leasing due integrations, at ten thousand integrations and at many more
    Claim,
    /// Twelve accounts of one provider beside twelve providers
    Accounts,
    /// Probes by one replica, of a provider that takes 50 ms for each answer
    Probes,
    /// Requests through the proxy, calls of actions, slow streams, and the decision on them
    Calls,
    /// A catalog of a thousand providers: loading, memory, searching
    Catalog,
    /// Changes with a webhook, deliveries, events of providers, pages of many deliveries, and ten thousand webhooks
    Webhooks,
}

impl Part {
    /// Whether it needs the databases with many projects.
    pub(super) fn is_of_requests(self) -> bool {
        matches!(self, Self::Reads | Self::Sqlite | Self::Refused | Self::Patch | Self::Pages)
    }
}

impl Options {
    pub(super) fn measures(&self, part: Part) -> bool {
        self.only.is_empty() || self.only.contains(&part)
    }

    pub(super) fn measures_requests(&self) -> bool {
        self.only.is_empty() || self.only.iter().any(|part| part.is_of_requests())
    }

    pub(super) fn audit_events(&self) -> usize {
        if self.quick { 50_000 } else { self.audit_events as usize }
    }

    pub(super) fn monitors(&self) -> usize {
        if self.quick { 50_000 } else { self.monitors as usize }
    }

    pub(super) fn probed(&self) -> usize {
        if self.quick { 3_000 } else { self.probed as usize }
    }

    pub(super) fn projects(&self) -> usize {
        if self.quick { 5_000 } else { self.projects as usize }
    }

    pub(super) fn plan(&self) -> Plan {
        if self.quick {
            Plan { rounds: 1, seconds: 2 }
        } else {
            Plan { rounds: self.rounds, seconds: self.seconds }
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    fn parse(arguments: &[&str]) -> Options {
        Line::parse_from([&["bench"], arguments].concat()).options
    }

    #[test]
    fn everything_is_measured_unless_parts_are_named() {
        assert!(parse(&[]).measures(Part::Patch));
        let options = parse(&["--only", "reads,sqlite"]);
        assert!(options.measures(Part::Sqlite) && !options.measures(Part::Patch));
        assert!(options.measures_requests() && !parse(&["--only", "audit"]).measures_requests());
    }

    #[test]
    fn quick_is_short_whatever_else_is_said() {
        let options = parse(&["--quick", "--seconds", "60"]);
        assert_eq!((options.projects(), options.plan().seconds, options.plan().rounds), (5_000, 2, 1));
    }
}
