//! What came of an attempt to deliver a message, and what follows from it.

use std::time::Duration;

use crate::{health::NoAnswer, words::words};

words! {
    /// How far a delivery is.
    pub enum DeliveryStatus {
        /// It waits to be sent, for the first time or again.
        Pending = "pending",
        /// The receiver answered with 2xx.
        Delivered = "delivered",
        /// It was given up.
        Failed = "failed",
        /// It waited while its webhook was disabled, and somebody chose not to send it.
        Dropped = "dropped",
    }
}

words! {
    /// Why a receiver gave no usable answer.
    pub enum SendFailure {
        /// Nothing answers at its address, its name is not known, or its address is one that the server must not call.
        /// One word for all, so that nobody learns what is inside a network.
        Unreachable = "unreachable",
        /// It did not answer in time, or not to the end.
        TimedOut = "timed_out",
        /// Its certificate is not valid.
        Tls = "tls",
        /// The connection broke, or the answer was not HTTP.
        Broken = "broken",
    }
}

impl From<NoAnswer> for SendFailure {
    fn from(why: NoAnswer) -> Self {
        match why {
            NoAnswer::Unreachable | NoAnswer::ForbiddenAddress | NoAnswer::Unapproved => Self::Unreachable,
            NoAnswer::TimedOut => Self::TimedOut,
            NoAnswer::Tls => Self::Tls,
            NoAnswer::Redirected | NoAnswer::TooLarge | NoAnswer::Broken | NoAnswer::Compressed => {
                Self::Broken
            }
        }
    }
}

/// The pauses after each failed attempt but the last.
const PAUSES: [Duration; 8] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(30),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(30 * 60),
    Duration::from_secs(2 * 60 * 60),
    Duration::from_secs(12 * 60 * 60),
];
/// The most attempts of a delivery.
pub const MAX_ATTEMPTS: u32 = PAUSES.len() as u32 + 1;
/// How much is kept of a receiver's answer, in bytes.
pub const ANSWER_LIMIT: usize = 4_096;
/// The longest pause that a receiver is given for its `Retry-After`.
const LONGEST_PAUSE: Duration = PAUSES[PAUSES.len() - 1];

/// What came of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver answered with this status, and asked for this pause, if it did.
    Answered(u16, Option<Duration>),
    /// It did not answer.
    NoAnswer(SendFailure),
}

impl Outcome {
    /// Whether the receiver took the message.
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Answered(200..=299, _))
    }
}

/// One attempt, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempted {
    /// What came of it.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
    /// The start of the answer's body, at most [`ANSWER_LIMIT`] bytes.
    pub answer: String,
}

/// What follows from an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// It is delivered.
    Delivered,
    /// It is sent again after this pause.
    Retry(Duration),
    /// It is given up.
    GivenUp,
}

/// What follows from the attempt with this number, which counts from 1.
///
/// A network error, 408, 425, 429 and 5xx are tried again; every other answer but 2xx is final. A redirect is not
/// followed, so it is final too. A receiver's `Retry-After` can only lengthen the pause.
pub fn after(number: u32, outcome: Outcome) -> Next {
    let asked = match outcome {
        outcome if outcome.is_success() => return Next::Delivered,
        Outcome::Answered(408 | 425 | 429 | 500..=599, asked) => asked,
        Outcome::Answered(..) => return Next::GivenUp,
        Outcome::NoAnswer(_) => None,
    };
    let pause = usize::try_from(number).ok().and_then(|number| PAUSES.get(number.saturating_sub(1)));
    pause.map_or(Next::GivenUp, |pause| Next::Retry(asked.unwrap_or_default().clamp(*pause, LONGEST_PAUSE)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_are_made_until_the_last_pause_is_over() {
        let failed = Outcome::NoAnswer(SendFailure::TimedOut);
        let seconds: Vec<u64> = (1..=8)
            .map(|number| match after(number, failed) {
                Next::Retry(pause) => pause.as_secs(),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(seconds, [1, 5, 30, 60, 300, 1_800, 7_200, 43_200]);
        assert_eq!(after(MAX_ATTEMPTS, failed), Next::GivenUp);
    }

    #[test]
    fn answers_decide() {
        for status in [200, 202, 204, 299] {
            assert_eq!(after(1, Outcome::Answered(status, None)), Next::Delivered, "{status}");
        }
        for status in [408, 425, 429, 500, 503, 599] {
            let next = after(1, Outcome::Answered(status, None));
            assert_eq!(next, Next::Retry(Duration::from_secs(1)), "{status}");
        }
        for status in [300, 301, 302, 307, 308, 400, 401, 404, 410, 422, 600] {
            assert_eq!(after(1, Outcome::Answered(status, None)), Next::GivenUp, "{status}");
        }
    }

    #[test]
    fn a_receiver_can_only_lengthen_the_pause() {
        let next =
            |number, seconds| after(number, Outcome::Answered(429, Some(Duration::from_secs(seconds))));
        assert_eq!(next(1, 0), Next::Retry(Duration::from_secs(1)));
        assert_eq!(next(1, 90), Next::Retry(Duration::from_secs(90)));
        assert_eq!(next(3, 10), Next::Retry(Duration::from_secs(30)));
        assert_eq!(next(1, 10_000_000), Next::Retry(LONGEST_PAUSE));
        assert_eq!(next(MAX_ATTEMPTS, 1), Next::GivenUp);
    }
}
