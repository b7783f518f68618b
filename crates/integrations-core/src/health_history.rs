//! What an integration's health was, day by day.
//!
//! Changes are kept, not samples: between two changes the health is as the earlier one left it. Days are those of UTC.

use time::{Date, Duration, OffsetDateTime, Time, UtcOffset};

use crate::lifecycle::Health;

/// How many days are shown, with the present one.
pub const DAYS: u16 = 30;
/// How long changes are kept: longer than they are shown, so that no clock that is wrong cuts the first day.
pub const KEPT: Duration = Duration::days(35);

/// From when on an integration's health was another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthChange {
    /// Since when.
    pub at: OffsetDateTime,
    /// What it was from then on.
    pub health: Health,
}

/// How long an integration had which health on one day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthDay {
    /// The day, of UTC.
    pub date: Date,
    /// The time with each health, in the order of [`BY_GRAVITY`].
    spans: [Duration; BY_GRAVITY.len()],
    /// The health at this moment, if it is today.
    present: Option<Health>,
}

/// Every health, the gravest first. One that is not known says least.
const BY_GRAVITY: [Health; 4] = [Health::Unhealthy, Health::Degraded, Health::Healthy, Health::Unknown];

impl HealthDay {
    /// The gravest health of the day; `None` if nothing is known about it.
    pub fn worst(&self) -> Option<Health> {
        BY_GRAVITY.into_iter().find(|health| self.had(*health))
    }

    /// How long it had this health on that day.
    pub fn lasted(&self, health: Health) -> Duration {
        let spans = BY_GRAVITY.iter().zip(self.spans);
        spans.filter(|(one, _)| **one == health).map(|(_, span)| span).sum()
    }

    /// The times with each health that it had, the gravest first.
    pub fn parts(&self) -> impl Iterator<Item = (Health, Duration)> {
        BY_GRAVITY.into_iter().filter(|health| self.had(*health)).map(|health| (health, self.lasted(health)))
    }

    fn had(&self, health: Health) -> bool {
        self.present == Some(health) || self.lasted(health) > Duration::ZERO
    }
}

/// The last [`DAYS`] days up to `now`, oldest first. `changes` are in the order in which they were made. What was
/// before the first of them is not known.
///
/// Replicas' clocks differ. A change that says an earlier time than the one before it counts from that one's time.
pub fn days(changes: &[HealthChange], now: OffsetDateTime) -> Vec<HealthDay> {
    let now = now.to_offset(UtcOffset::UTC);
    let spans = spans(changes, now);
    let today = now.date();
    let ago = |days: u16| today.checked_sub(Duration::days(days.into()));
    (0..DAYS).rev().filter_map(ago).map(|date| day(date, &spans, now)).collect()
}

/// A time with one health.
struct Span {
    from: OffsetDateTime,
    to: OffsetDateTime,
    health: Health,
}

fn spans(changes: &[HealthChange], now: OffsetDateTime) -> Vec<Span> {
    let mut spans: Vec<Span> = Vec::with_capacity(changes.len());
    for change in changes {
        let begun = spans.last().map_or(change.at, |last| last.from.max(change.at));
        let from = begun.min(now);
        if let Some(last) = spans.last_mut() {
            last.to = from;
        }
        spans.push(Span { from, to: now, health: change.health });
    }
    spans
}

fn day(date: Date, spans: &[Span], now: OffsetDateTime) -> HealthDay {
    let begin = date.with_time(Time::MIDNIGHT).assume_utc();
    let end = date.next_day().map_or(now, |next| next.with_time(Time::MIDNIGHT).assume_utc());
    let mut day = HealthDay { date, spans: [Duration::ZERO; BY_GRAVITY.len()], present: None };
    for span in spans {
        let within = span.to.min(end) - span.from.max(begin);
        let places = BY_GRAVITY.iter().zip(&mut day.spans);
        for (_, sum) in places.filter(|(health, _)| **health == span.health) {
            *sum += within.max(Duration::ZERO);
        }
    }
    if now.date() == date {
        day.present = spans.last().map(|span| span.health);
    }
    day
}

#[cfg(test)]
mod tests {
    use time::macros::{date, datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-05-30 12:00 UTC);

    fn change(at: OffsetDateTime, health: Health) -> HealthChange {
        HealthChange { at, health }
    }

    fn worst(changes: &[HealthChange]) -> Vec<Option<Health>> {
        days(changes, NOW).iter().map(HealthDay::worst).collect()
    }

    fn of(changes: &[HealthChange], date: Date) -> Vec<(Health, Duration)> {
        let days = days(changes, NOW);
        days.iter().find(|day| day.date == date).unwrap().parts().collect()
    }

    #[test]
    fn the_days_are_the_last_thirty_up_to_today() {
        let days = days(&[], NOW);
        assert_eq!(
            (days.len(), days[0].date, days[29].date),
            (30, date!(2026 - 05 - 01), date!(2026 - 05 - 30))
        );
        assert!(days.iter().all(|day| day.worst().is_none() && day.parts().count() == 0));
    }

    #[test]
    fn without_a_change_every_day_is_as_the_last_change_left_it() {
        let long_ago = change(datetime!(2026-02-01 8:00 UTC), Health::Healthy);
        assert_eq!(worst(&[long_ago]), [Some(Health::Healthy); 30]);
        assert_eq!(of(&[long_ago], date!(2026 - 05 - 12)), [(Health::Healthy, Duration::DAY)]);
        assert_eq!(of(&[long_ago], date!(2026 - 05 - 30)), [(Health::Healthy, Duration::hours(12))]);
    }

    #[test]
    fn what_was_before_the_first_change_is_not_known() {
        let worst = worst(&[change(datetime!(2026-05-29 23:00 UTC), Health::Healthy)]);
        assert!(worst[..28].iter().all(Option::is_none));
        assert_eq!(worst[28..], [Some(Health::Healthy); 2]);
    }

    #[test]
    fn the_gravest_of_several_on_a_day_counts_and_each_has_its_time() {
        let changes = [
            change(datetime!(2026-05-01 0:00 UTC), Health::Healthy),
            change(datetime!(2026-05-12 6:00 UTC), Health::Degraded),
            change(datetime!(2026-05-12 7:30 UTC), Health::Unhealthy),
            change(datetime!(2026-05-12 10:30 UTC), Health::Healthy),
            change(datetime!(2026-05-12 11:00 UTC), Health::Degraded),
            change(datetime!(2026-05-12 11:30 UTC), Health::Healthy),
        ];
        let expected = [
            (Health::Unhealthy, Duration::hours(3)),
            (Health::Degraded, Duration::hours(2)),
            (Health::Healthy, Duration::hours(19)),
        ];
        assert_eq!(of(&changes, date!(2026 - 05 - 12)), expected);
        let worst = worst(&changes);
        assert_eq!(worst[10..13], [Some(Health::Healthy), Some(Health::Unhealthy), Some(Health::Healthy)]);
    }

    #[test]
    fn a_change_at_midnight_belongs_to_the_day_that_begins() {
        let changes = [
            change(datetime!(2026-05-10 0:00 UTC), Health::Healthy),
            change(datetime!(2026-05-11 0:00 UTC), Health::Unhealthy),
            change(datetime!(2026-05-12 0:00 UTC), Health::Healthy),
        ];
        assert_eq!(
            worst(&changes)[8..12],
            [None, Some(Health::Healthy), Some(Health::Unhealthy), Some(Health::Healthy)]
        );
        assert_eq!(of(&changes, date!(2026 - 05 - 11)), [(Health::Unhealthy, Duration::DAY)]);
    }

    #[test]
    fn days_are_those_of_utc_whatever_the_offset_of_a_time() {
        let changes = [change(datetime!(2026-05-29 1:00 +2), Health::Healthy)];
        assert_eq!(
            worst(&changes)[26..],
            [None, Some(Health::Healthy), Some(Health::Healthy), Some(Health::Healthy)]
        );
    }

    #[test]
    fn while_it_is_disconnected_its_health_is_not_known() {
        let changes = [
            change(datetime!(2026-05-01 0:00 UTC), Health::Healthy),
            change(datetime!(2026-05-10 12:00 UTC), Health::Unknown),
            change(datetime!(2026-05-20 12:00 UTC), Health::Healthy),
        ];
        let worst = worst(&changes);
        assert_eq!(
            worst[8..12],
            [Some(Health::Healthy), Some(Health::Healthy), Some(Health::Unknown), Some(Health::Unknown)]
        );
        assert_eq!(
            of(&changes, date!(2026 - 05 - 10)),
            [(Health::Healthy, Duration::hours(12)), (Health::Unknown, Duration::hours(12))]
        );
    }

    #[test]
    fn the_present_health_counts_from_its_first_moment_and_what_lasted_no_time_does_not() {
        let changes = [
            change(datetime!(2026-05-29 0:00 UTC), Health::Healthy),
            change(datetime!(2026-05-29 9:00 UTC), Health::Degraded),
            change(datetime!(2026-05-29 9:00 UTC), Health::Healthy),
            change(NOW, Health::Unhealthy),
        ];
        assert_eq!(worst(&changes)[28..], [Some(Health::Healthy), Some(Health::Unhealthy)]);
    }

    #[test]
    fn clocks_that_differ_change_no_order() {
        let changes = [
            change(datetime!(2026-05-29 10:00 UTC), Health::Healthy),
            change(datetime!(2026-05-29 9:59 UTC), Health::Degraded),
            change(datetime!(2026-05-30 13:00 UTC), Health::Unhealthy),
        ];
        assert_eq!(of(&changes, date!(2026 - 05 - 29)), [(Health::Degraded, Duration::hours(14))]);
        assert_eq!(
            of(&changes, date!(2026 - 05 - 30)),
            [(Health::Unhealthy, Duration::ZERO), (Health::Degraded, Duration::hours(12))]
        );
    }
}
