//! The state of an integration as one badge.

use integrations_core::lifecycle::{Health, Status};
use maud::Markup;

use super::parts::{Tone, pill};
use crate::store::IntegrationRow;

/// The badge of a provider that is not installed.
pub(crate) fn not_connected() -> Markup {
    pill(Tone::Calm, "Not connected")
}

/// The badge of an integration: one word for its status and its health.
pub(crate) fn badge(status: Status, health: Health) -> Markup {
    let (tone, text) = words(status, health);
    pill(tone, text)
}

/// That of a stored row. A word that only a newer replica knows is taken for trouble.
pub(crate) fn of_row(row: &IntegrationRow) -> Markup {
    badge(row.status.parse().unwrap_or(Status::Error), row.health_status.parse().unwrap_or(Health::Unknown))
}

const fn words(status: Status, health: Health) -> (Tone, &'static str) {
    match (status, health) {
        (Status::Active, Health::Healthy) => (Tone::Good, "Connected"),
        (Status::Active, Health::Degraded) => (Tone::Warn, "Failing"),
        (Status::Active, Health::Unknown) => (Tone::Calm, "Not checked"),
        (Status::Active, Health::Unhealthy) | (Status::Error, _) => (Tone::Bad, "Needs attention"),
        (Status::Paused, _) => (Tone::Warn, "Paused"),
        (Status::Disconnected, _) => (Tone::Calm, "Disconnected"),
    }
}

/// Whether it takes a person to have it work again, who connects it anew.
pub(crate) fn needs_reconnection(row: &IntegrationRow) -> bool {
    let of_row = (row.status.parse::<Status>(), row.health_status.parse::<Health>());
    matches!(of_row, (Ok(Status::Error), _) | (Ok(Status::Active), Ok(Health::Unhealthy)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_one_word_and_only_what_works_is_green() {
        for status in Status::ALL {
            for health in Health::ALL {
                let (tone, text) = words(status, health);
                let works = status == Status::Active && health == Health::Healthy;
                assert_eq!((tone == Tone::Good, text == "Connected"), (works, works), "{status} {health}");
            }
        }
        assert_eq!(badge(Status::Paused, Health::Degraded).into_string().matches("pill").count(), 1);
    }
}
