//! Runs rounds in turn: A, B, A, B, …, so that other load on the machine affects all of them alike.
#![expect(clippy::print_stderr, reason = "shows progress")]

use std::collections::HashMap;

use anyhow::{Context, Result};

use super::load::Round;

/// One thing to measure.
pub(super) struct Task<'a> {
    name: &'static str,
    run: Box<dyn Fn(u32) -> Result<Round> + 'a>,
}

impl<'a> Task<'a> {
    /// A task. `run` takes the number of seconds to measure.
    pub(super) fn new(name: &'static str, run: impl Fn(u32) -> Result<Round> + 'a) -> Self {
        Self { name, run: Box::new(run) }
    }
}

/// The number of rounds and the length of a round.
#[derive(Clone, Copy)]
pub(super) struct Plan {
    pub(super) rounds: u32,
    pub(super) seconds: u32,
}

/// The results, by the tasks' names: the medians, and the total number of requests.
pub(super) struct Medians(HashMap<&'static str, Vec<Round>>);

impl Medians {
    /// A task's rate divided by a yardstick's: the median of the ratios of each round. The two run next to each other
    /// in a round, while other load on the machine changes from round to round.
    ///
    /// # Errors
    /// When there was no such task.
    pub(super) fn ratio(&self, name: &str, yardstick: &str) -> Result<f64> {
        self.compared(name, yardstick, |round, beside| round.per_second / beside.per_second)
    }

    /// A task's median latency divided by a yardstick's, in the same way.
    ///
    /// # Errors
    /// When there was no such task.
    pub(super) fn latency_ratio(&self, name: &str, yardstick: &str) -> Result<f64> {
        self.compared(name, yardstick, |round, beside| round.p50 / beside.p50)
    }

    /// What a task's median latency has more than a yardstick's, in milliseconds, in the same way.
    ///
    /// # Errors
    /// When there was no such task.
    pub(super) fn added_latency(&self, name: &str, yardstick: &str) -> Result<f64> {
        self.compared(name, yardstick, |round, beside| round.p50 - beside.p50)
    }

    fn compared(&self, name: &str, yardstick: &str, compare: fn(&Round, &Round) -> f64) -> Result<f64> {
        let pairs = self.rounds(name)?.iter().zip(self.rounds(yardstick)?);
        Ok(middle(pairs.map(|(round, beside)| compare(round, beside)).collect()))
    }

    /// A task's median.
    ///
    /// # Errors
    /// When there was no such task.
    pub(super) fn get(&self, name: &str) -> Result<Round> {
        Ok(median(self.rounds(name)?))
    }

    fn rounds(&self, name: &str) -> Result<&[Round]> {
        self.0.get(name).map(Vec::as_slice).with_context(|| format!("{name} was not measured"))
    }
}

/// Runs each task once to warm up, then all of them in turn.
///
/// # Errors
/// When a task fails.
pub(super) fn alternate(tasks: &[Task<'_>], plan: Plan) -> Result<Medians> {
    let mut rounds: HashMap<&'static str, Vec<Round>> = HashMap::new();
    for task in tasks {
        (task.run)(1).with_context(|| task.name)?;
    }
    for number in 1..=plan.rounds {
        for task in tasks {
            let round = (task.run)(plan.seconds).with_context(|| task.name)?;
            eprintln!("  {number}/{}  {:<32} {:>8.0} r/s", plan.rounds, task.name, round.per_second);
            rounds.entry(task.name).or_default().push(round);
        }
    }
    Ok(Medians(rounds))
}

/// The median of numbers, of which there is at least one.
pub(super) fn middle(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len() % 2 == 1 { values[middle] } else { (values[middle - 1] + values[middle]) / 2.0 }
}

fn median(rounds: &[Round]) -> Round {
    let of = |part: fn(&Round) -> f64| middle(rounds.iter().map(part).collect());
    Round {
        requests: rounds.iter().map(|round| round.requests).sum(),
        per_second: of(|round| round.per_second),
        p50: of(|round| round.p50),
        p99: of(|round| round.p99),
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    fn round(per_second: f64) -> Round {
        Round { requests: 10.0, per_second, p50: 1.0, p99: 2.0 }
    }

    #[test]
    fn the_median_is_of_each_number() {
        let odd = median(&[round(5.0), round(1.0), round(3.0)]);
        assert_eq!((odd.per_second, odd.requests), (3.0, 30.0));
        assert_eq!(median(&[round(1.0), round(2.0)]).per_second, 1.5);
    }

    #[test]
    fn a_ratio_is_taken_within_each_round() {
        // The machine slowed down in the second round and recovered in the third: the ratio did not change.
        let rounds = HashMap::from([
            ("a", vec![round(50.0), round(5.0), round(40.0)]),
            ("b", vec![round(100.0), round(10.0), round(80.0)]),
        ]);
        assert_eq!(Medians(rounds).ratio("a", "b").unwrap(), 0.5);
    }

    #[test]
    fn tasks_take_turns_after_warming_up() {
        let calls = RefCell::new(Vec::new());
        let task = |name| {
            let calls = &calls;
            Task::new(name, move |seconds| {
                calls.borrow_mut().push((name, seconds));
                Ok(round(1.0))
            })
        };
        let medians = alternate(&[task("a"), task("b")], Plan { rounds: 2, seconds: 7 }).unwrap();
        assert_eq!(*calls.borrow(), [("a", 1), ("b", 1), ("a", 7), ("b", 7), ("a", 7), ("b", 7)]);
        assert_eq!(medians.get("a").unwrap().requests, 20.0);
        assert!(medians.get("c").is_err());
    }
}
