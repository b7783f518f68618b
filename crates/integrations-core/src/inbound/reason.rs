//! Why a request to an address for events is refused.

use crate::catalog::EventStatuses;
use crate::words::words;

words! {
    /// Why a request is refused: what is counted, and what the page of an integration shows.
    pub enum Reason {
        /// There is no such address, or its secret is another.
        UnknownAddress = "unknown_address",
        /// It is no POST.
        WrongMethod = "wrong_method",
        /// Its body is larger than the provider's ever are.
        TooLarge = "too_large",
        /// It did not arrive in time.
        TooSlow = "too_slow",
        /// It has no signature and no credentials.
        NotSigned = "not_signed",
        /// It has a signature that cannot be read.
        MalformedSignature = "malformed_signature",
        /// It is signed, but by none of the secrets.
        WrongSignature = "wrong_signature",
        /// There is no secret to verify it with.
        NoSecret = "no_secret",
        /// It does not say when it was signed.
        NoTime = "no_time",
        /// It was signed too long ago.
        Stale = "stale",
        /// It was signed in the future.
        Early = "early",
        /// It was taken before, with another content.
        Replayed = "replayed",
        /// Its body is not what the provider sends.
        Unreadable = "unreadable",
        /// It brings more events than are taken at once.
        TooMany = "too_many",
        /// It brings a secret that nobody waits for.
        UnexpectedSecret = "unexpected_secret",
        /// It is an event of an account that no integration is connected to. It is answered as if it were taken.
        Unrouted = "unrouted",
        /// Our own trouble: the provider should send it again.
        Unavailable = "unavailable",
    }
}

impl Reason {
    /// The HTTP status of the answer. A provider never drops an event for our own trouble: that is 503.
    pub fn status(self, statuses: &EventStatuses) -> u16 {
        match self {
            Self::UnknownAddress => 404,
            Self::WrongMethod => 405,
            Self::TooSlow => 408,
            Self::TooLarge => 413,
            Self::NoSecret | Self::Unavailable => 503,
            Self::Unrouted => statuses.taken,
            Self::NotSigned
            | Self::MalformedSignature
            | Self::WrongSignature
            | Self::NoTime
            | Self::Early
            | Self::UnexpectedSecret => statuses.refused,
            Self::Stale | Self::Replayed => statuses.never_again.unwrap_or(statuses.refused),
            Self::Unreadable | Self::TooMany => statuses.never_again.unwrap_or(400),
        }
    }

    /// The reason as a sentence for people who look after an integration that has so many secrets.
    pub fn explain(self, secrets: usize) -> String {
        let text = match self {
            Self::UnknownAddress => "There is no such address. Copy the address from this page again",
            Self::WrongMethod => "The request was no POST",
            Self::TooLarge => "The body was larger than this provider's events are",
            Self::TooSlow => "The request did not arrive in time",
            Self::NotSigned => "The request was not signed. Set a secret at the provider",
            Self::MalformedSignature => "The signature could not be read",
            Self::WrongSignature if secrets == 1 => {
                return "Signed, but not by your secret. Copy the secret of this address again".to_owned();
            }
            Self::WrongSignature => {
                return format!(
                    "Signed, but by none of your {secrets} secrets. Copy the secret of this address again"
                );
            }
            Self::NoSecret => "There is no secret to verify it with. Enter it on this page",
            Self::NoTime => "The request did not say when it was signed",
            Self::Stale => "The request was signed too long ago. It may be a repeat of an old one",
            Self::Early => "The request was signed in the future. Compare the clocks",
            Self::Replayed => "The request repeated the signature of another one",
            Self::Unreadable => "The body was not what this provider sends",
            Self::TooMany => "The request brought too many events at once",
            Self::UnexpectedSecret => {
                "The request brought a secret, but nobody waits for one. Open this page first"
            }
            Self::Unrouted => "No integration is connected to the account that it is about",
            Self::Unavailable => "It could not be stored. The provider sends it again",
        };
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STATUSES: EventStatuses = EventStatuses { taken: 200, refused: 401, never_again: Some(406) };

    #[test]
    fn our_own_trouble_is_never_a_refusal() {
        for reason in [Reason::Unavailable, Reason::NoSecret] {
            assert_eq!(reason.status(&STATUSES), 503);
        }
        assert_eq!(Reason::Unrouted.status(&STATUSES), 200);
    }

    #[test]
    fn what_a_repeat_cannot_mend_has_the_status_that_ends_it() {
        assert_eq!(Reason::Stale.status(&STATUSES), 406);
        assert_eq!(Reason::WrongSignature.status(&STATUSES), 401);
        let plain = EventStatuses { never_again: None, ..STATUSES };
        assert_eq!(Reason::Stale.status(&plain), 401);
        assert_eq!(Reason::Unreadable.status(&plain), 400);
    }

    #[test]
    fn a_wrong_signature_says_how_many_secrets_there_are() {
        assert!(Reason::WrongSignature.explain(3).contains("none of your 3 secrets"));
        assert!(Reason::WrongSignature.explain(1).contains("not by your secret"));
        for reason in Reason::ALL {
            assert!(!reason.explain(2).is_empty());
        }
    }
}
