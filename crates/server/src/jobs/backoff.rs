//! Growing pauses between failed attempts, and retries until an attempt succeeds.

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// The pauses after failures. Each is twice as long as the one before, up to the longest.
#[derive(Clone, Debug)]
pub struct Backoff {
    first: Duration,
    longest: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses from the `first` to the `longest`.
    pub const fn new(first: Duration, longest: Duration) -> Self {
        Self { first, longest, next: first }
    }

    /// The same pause each time.
    pub const fn constant(pause: Duration) -> Self {
        Self::new(pause, pause)
    }

    /// The pause after the next failure.
    pub fn next_pause(&mut self) -> Duration {
        let pause = self.next;
        self.next = pause.saturating_mul(2).min(self.longest);
        pause
    }

    /// Starts again with the first pause. Call it after a success.
    pub fn reset(&mut self) {
        self.next = self.first;
    }
}

/// Tries until an attempt succeeds. The first attempt that fails at the `deadline` or later is the last, and its error
/// is returned. There is at least one attempt.
pub async fn retry_until<T, E, F>(
    deadline: Instant,
    mut backoff: Backoff,
    mut attempt: impl FnMut() -> F,
) -> Result<T, E>
where
    F: Future<Output = Result<T, E>>,
{
    loop {
        match attempt().await {
            Err(_) if Instant::now() < deadline => sleep(backoff.next_pause()).await,
            ended => return ended,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3_600);

    #[test]
    fn pauses_double_up_to_the_longest_and_start_again_after_a_success() {
        let mut backoff = Backoff::new(Duration::from_millis(200), Duration::from_secs(1));
        let mut next =
            |count: usize| -> Vec<u128> { (0..count).map(|_| backoff.next_pause().as_millis()).collect() };
        assert_eq!(next(5), [200, 400, 800, 1_000, 1_000]);
        backoff.reset();
        assert_eq!(backoff.next_pause().as_millis(), 200);
        let mut constant = Backoff::constant(HOUR);
        assert_eq!([constant.next_pause(), constant.next_pause()], [HOUR, HOUR]);
    }

    #[tokio::test]
    async fn attempts_go_on_until_one_succeeds() {
        let (mut attempts, deadline) = (0, Instant::now() + HOUR);
        let third = retry_until(deadline, Backoff::constant(Duration::ZERO), || {
            attempts += 1;
            std::future::ready(if attempts == 3 { Ok("stored") } else { Err("away") })
        });
        assert_eq!(third.await, Ok("stored"));
        assert_eq!(attempts, 3);
    }

    #[tokio::test]
    async fn the_attempt_after_the_deadline_is_the_last() {
        let mut attempts = 0;
        let only = retry_until(Instant::now(), Backoff::constant(HOUR), || {
            attempts += 1;
            std::future::ready(Err::<(), _>(format!("away {attempts}")))
        });
        assert_eq!(only.await, Err("away 1".to_owned()));
    }
}
