//! One caller's window: the number of requests in each of the last seconds.

use super::quota::Quota;

/// The length of the window, in seconds.
pub(super) const WINDOW: i64 = 60;
const BUCKETS: usize = WINDOW as usize + 1;

/// The number of requests of one caller in each of the last seconds.
#[derive(Debug)]
pub(super) struct Window {
    counts: [u32; BUCKETS],
    total: u32,
    /// The second that the newest bucket stands for.
    newest: i64,
}

impl Default for Window {
    fn default() -> Self {
        Self { counts: [0; BUCKETS], total: 0, newest: 0 }
    }
}

impl Window {
    /// Counts a request at `now` (in seconds of the Unix epoch), if the limit allows it.
    pub(super) fn check(&mut self, limit: u32, now: i64) -> Quota {
        let allowed = self.look(limit, now).allowed;
        if allowed {
            self.counts[bucket(self.newest)] += 1;
            self.total += 1;
        }
        Quota { allowed, ..self.quota(limit) }
    }

    /// The quota for a request at `now`, without counting it.
    pub(super) fn look(&mut self, limit: u32, now: i64) -> Quota {
        self.slide(now);
        self.quota(limit)
    }

    fn quota(&self, limit: u32) -> Quota {
        let remaining = limit.saturating_sub(self.total);
        Quota { allowed: remaining > 0, limit, remaining, reset: self.reset() }
    }

    /// Drops the counts that have left the window. A clock that goes back changes nothing.
    fn slide(&mut self, now: i64) {
        if now - self.newest >= BUCKETS as i64 {
            (self.counts, self.total) = ([0; BUCKETS], 0);
        } else {
            for second in self.newest + 1..=now {
                self.total -= std::mem::take(&mut self.counts[bucket(second)]);
            }
        }
        self.newest = self.newest.max(now);
    }

    fn reset(&self) -> i64 {
        let oldest = (self.newest - WINDOW..=self.newest).find(|second| self.counts[bucket(*second)] > 0);
        oldest.unwrap_or(self.newest) + BUCKETS as i64
    }
}

fn bucket(second: i64) -> usize {
    second.rem_euclid(BUCKETS as i64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_780_000_000;

    fn random_walk(seed: u64) -> impl Iterator<Item = u64> {
        // Marsaglia's xorshift: enough to vary the test, the same every time.
        std::iter::successors(Some(seed), |x| {
            let x = x ^ (x << 13);
            let x = x ^ (x >> 7);
            Some(x ^ (x << 17))
        })
    }

    #[test]
    fn a_lower_limit_counts_what_was_used_under_the_higher() {
        let mut window = Window::default();
        (0..10).for_each(|_| assert!(window.check(10, NOW).allowed));
        let quota = window.check(5, NOW + 1);
        assert!(!quota.allowed);
        assert_eq!(quota.remaining, 0);
    }

    #[test]
    fn a_clock_that_goes_back_frees_nothing() {
        let mut window = Window::default();
        assert!(window.check(1, NOW).allowed);
        assert!(!window.check(1, NOW - 3_600).allowed);
        assert!(!window.check(1, NOW + 1).allowed);
    }

    /// Compares with the plain definition: a list of every allowed request.
    #[test]
    fn no_sixty_seconds_see_more_than_the_limit_and_none_is_refused_below_it() {
        for seed in 1..20 {
            let (mut window, mut log, mut now) = (Window::default(), Vec::<i64>::new(), NOW);
            for step in random_walk(seed).take(3_000) {
                now += (step % 7 == 0) as i64 * (step / 7 % 9) as i64;
                let limit = 40;
                let in_window = log.iter().filter(|at| **at >= now - WINDOW).count();
                let quota = window.check(limit, now);
                assert_eq!(quota.allowed, in_window < limit as usize, "seed {seed} at {now}");
                if quota.allowed {
                    log.push(now);
                }
                let oldest = log.iter().find(|at| **at >= now - WINDOW).unwrap();
                assert_eq!(quota.reset, oldest + 61, "seed {seed} at {now}");
            }
        }
    }
}
