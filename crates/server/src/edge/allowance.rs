//! How much the log takes of what anybody can cause as often as they like.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

/// Grants a number of lines in each period, and counts the others.
#[derive(Debug)]
pub(super) struct Allowance {
    lines: u32,
    period: Duration,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// The number of the current period, from 1. 0 before the first line.
    period: u128,
    granted: u32,
    withheld: u64,
}

/// What became of a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Whether to write it.
    pub(super) is_granted: bool,
    /// How many lines were withheld before it. Told once, with the first line of the next period.
    pub(super) withheld: u64,
}

impl Allowance {
    /// This many lines in each period.
    pub(super) fn new(lines: u32, period: Duration) -> Self {
        Self { lines, period, state: Mutex::default() }
    }

    /// Takes a line at this time since the start.
    pub(super) fn take(&self, elapsed: Duration) -> Taken {
        let period = elapsed.as_nanos() / self.period.as_nanos().max(1) + 1;
        // Every step leaves it valid.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if period > state.period {
            (state.period, state.granted) = (period, 0);
        }
        if state.granted >= self.lines {
            state.withheld += 1;
            return Taken { is_granted: false, withheld: 0 };
        }
        state.granted += 1;
        Taken { is_granted: true, withheld: std::mem::take(&mut state.withheld) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_beyond_the_allowance_is_withheld_and_told_once() {
        let allowance = Allowance::new(2, Duration::from_secs(1));
        let take = |millis| allowance.take(Duration::from_millis(millis));
        let granted = |withheld| Taken { is_granted: true, withheld };
        let refused = Taken { is_granted: false, withheld: 0 };
        assert_eq!([take(0), take(10), take(20), take(999)], [granted(0), granted(0), refused, refused]);
        assert_eq!([take(1_000), take(1_001), take(1_002)], [granted(2), granted(0), refused]);
        assert_eq!(take(999), refused, "a thread that is late");
        assert_eq!(take(60_000), granted(2));
    }
}
