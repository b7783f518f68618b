//! Judges the result of an attack.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use riq_testing::providers::strict::Counts;

use super::Options;
use super::attackers::Attack;
use super::visitors::Visits;
use crate::judgement::{Judgement, Line};

/// The most that an answer of `/healthz` may take.
const HEALTH_WITHIN: Duration = Duration::from_secs(1);
/// The most memory that the server may take, in bytes.
const MEMORY: u64 = 150_000_000;
/// The most that the log may take, in bytes a second, besides the lines of requests that are let in.
const LOG_A_SECOND: u64 = 30_000;
/// The most bytes of the line of a request that is let in.
const LINE: u64 = 300;
/// The most requests without a good key that are let in for one address in a minute: the limit of an address. As many
/// false keys may be looked up.
const LET_IN: u64 = 600;

/// Everything that was observed.
pub(super) struct Observed {
    pub(super) attack: Arc<Attack>,
    pub(super) visits: Visits,
    /// The server's metrics at the end.
    pub(super) metrics: String,
    /// The most memory that the server took, in bytes.
    pub(super) memory: u64,
    /// The size of its log, in bytes.
    pub(super) log: u64,
    /// The interval between probes.
    pub(super) interval: Duration,
    /// The longest time without a probe of one integration.
    pub(super) longest_gap: Duration,
    pub(super) counts: Counts,
    /// How many integrations are not active and healthy at the end.
    pub(super) unhealthy: u64,
}

impl Observed {
    /// Judges the observations.
    pub(super) fn judge(&self, options: Options) -> Judgement {
        let (health, good_keys) = (&self.visits.health, &self.visits.good_keys);
        let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (unread, looked_up) = (count(&self.attack.cut_unread), count(&self.attack.unauthorized));
        let minutes = options.seconds.div_ceil(60) + 1;
        let let_in = LET_IN * u64::from(options.addresses) * minutes;
        let lines = vec![
            Line::checked("/healthz answered", health.good, health.good > 0),
            Line::checked("/healthz not answered", health.failed(), health.failed() == 0),
            Line::checked("slowest /healthz", seconds(health.slowest), health.slowest < HEALTH_WITHIN),
            Line::checked("good keys served", good_keys.good, good_keys.good > 0),
            Line::checked("good keys not served", good_keys.failed(), good_keys.failed() == 0),
            Line::told("slowest good key", seconds(good_keys.slowest)),
            Line::checked("probes", self.counts.probes, self.counts.probes > 0),
            Line::checked(
                "longest time without a probe",
                seconds(self.longest_gap),
                self.longest_gap <= self.interval * 2,
            ),
            Line::checked("integrations not healthy", self.unhealthy, self.unhealthy == 0),
            Line::checked("most memory", format!("{:.0} MB", self.memory as f64 / 1e6), self.memory < MEMORY),
            Line::checked(
                "log",
                format!("{:.1} MB", self.log as f64 / 1e6),
                self.log <= LOG_A_SECOND * options.seconds + LINE * let_in,
            ),
            Line::checked("who never reads was cut", unread, unread > 0 || options.never_read == 0),
            Line::told("who is slow was cut", count(&self.attack.cut_slow)),
            Line::checked("false keys refused with 401", looked_up, looked_up <= let_in),
            Line::told("false keys refused with 429", count(&self.attack.rate_limited)),
            Line::checked(
                "false keys answered otherwise",
                count(&self.attack.others),
                count(&self.attack.others) == 0,
            ),
        ];
        let cut = self.metrics.lines().filter(|line| line.starts_with("riq_client_connections"));
        let faults = health.faults.iter().chain(&good_keys.faults);
        let faults = faults.take(20).map(|(what, times)| format!("{what} ({times} times)"));
        Judgement { lines, faults: faults.chain(cut.map(str::to_owned)).collect() }
    }
}

fn seconds(time: Duration) -> String {
    format!("{:.3} s", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::super::visitors::Answers;
    use super::*;

    const OPTIONS: Options =
        Options { seconds: 60, never_read: 1_000, slow: 1_000, false_keys: 60_000, addresses: 1 };

    fn good() -> Observed {
        let answers = || Answers { good: 1, slowest: Duration::from_millis(999), ..Answers::default() };
        Observed {
            attack: Arc::new(Attack {
                cut_unread: 1.into(),
                unauthorized: 600.into(),
                rate_limited: 59_400.into(),
                ..Attack::default()
            }),
            visits: Visits { health: answers(), good_keys: answers() },
            metrics: String::new(),
            memory: MEMORY - 1,
            log: LOG_A_SECOND * 60 + LINE * LET_IN * 2,
            interval: Duration::from_secs(10),
            longest_gap: Duration::from_secs(20),
            counts: Counts { probes: 1, ..Counts::default() },
            unhealthy: 0,
        }
    }

    #[test]
    fn a_server_that_holds_is_good() {
        let judgement = good().judge(OPTIONS);
        assert!(judgement.is_good(), "{}", judgement.table());
    }

    #[test]
    fn each_check_can_fail() {
        let fail = |spoil: &dyn Fn(&mut Observed)| {
            let mut observed = good();
            spoil(&mut observed);
            let judgement = observed.judge(OPTIONS);
            assert_eq!(judgement.table().matches("FAILED").count(), 1, "{}", judgement.table());
            judgement.table()
        };
        fail(&|seen| seen.visits.health.good = 0);
        fail(&|seen| seen.visits.health.slowest = HEALTH_WITHIN);
        fail(&|seen| seen.visits.good_keys.good = 0);
        let table = fail(&|seen| {
            seen.visits.good_keys.faults.insert("429".to_owned(), 3);
        });
        assert!(table.contains("429 (3 times)"), "{table}");
        fail(&|seen| {
            seen.visits.health.faults.insert("no answer in time".to_owned(), 1);
        });
        fail(&|seen| seen.counts.probes = 0);
        fail(&|seen| seen.longest_gap = Duration::from_millis(20_001));
        fail(&|seen| seen.unhealthy = 1);
        fail(&|seen| seen.memory = MEMORY);
        fail(&|seen| seen.log += 1);
        fail(&|seen| seen.attack = Arc::new(Attack::default()));
        fail(&|seen| {
            seen.attack =
                Arc::new(Attack { cut_unread: 1.into(), unauthorized: 1_201.into(), ..Attack::default() });
        });
        fail(&|seen| {
            seen.attack = Arc::new(Attack { cut_unread: 1.into(), others: 1.into(), ..Attack::default() })
        });
    }
}
