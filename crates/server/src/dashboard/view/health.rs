//! The health of an integration in the last days, as a bar of days.

use integrations_core::{health_history::HealthDay, lifecycle::Health};
use maud::{Markup, html};
use time::{Date, Duration, macros::format_description};

use super::{
    moment::length,
    parts::{self, Tone},
    words,
};

/// The part of a provider's page that shows the days, oldest first.
pub(crate) fn part(days: &[HealthDay]) -> Markup {
    let about = html! {
        p { "The last " (days.len()) " days. A day lasts from midnight to midnight in UTC, and shows the worst of it." }
    };
    let card = html! {
        p.meaning #health-summary { (summary(days)) }
        div.days role="img" aria-labelledby="health-summary" {
            @for day in days { span class=(class(day)) title=(sentence(day)) {} }
        }
        div.days-ends aria-hidden="true" {
            @if let Some(first) = days.first() { span { (in_words(first.date)) } }
            span { "Today" }
        }
        details {
            summary { "Day by day" }
            ul.changes { @for day in days.iter().rev() { li { (sentence(day)) } } }
        }
    };
    parts::part("health", "Health", &about, &card)
}

/// The class of a day's bar. Its height says the same as its colour.
fn class(day: &HealthDay) -> &'static str {
    day.worst().map_or("none", |health| words::health(health).0.class())
}

/// How many days were how.
fn summary(days: &[HealthDay]) -> String {
    let count = |wanted: Health| days.iter().filter(|day| day.worst() == Some(wanted)).count();
    let trouble: Vec<String> = [Health::Unhealthy, Health::Degraded]
        .into_iter()
        .map(|health| (health, count(health)))
        .filter(|(_, days)| *days > 0)
        .map(|(health, days)| format!("{} on {}", name(health), days_in_words(days)))
        .collect();
    let begin = match (trouble.is_empty(), count(Health::Healthy)) {
        (false, _) => trouble.join(", "),
        (true, 0) => return "Nothing is known about the last days.".to_owned(),
        (true, days) => format!("No trouble on {}", days_in_words(days)),
    };
    let mut sentence = begin;
    if let Some(first) = sentence.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    sentence.push('.');
    sentence
}

fn days_in_words(days: usize) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

/// A day in words: “12 November: unhealthy for 3 hours”.
fn sentence(day: &HealthDay) -> String {
    let date = in_words(day.date);
    let trouble: Vec<(Health, Duration)> = day.parts().filter(|(health, _)| is_trouble(*health)).collect();
    let told: Vec<(Health, Duration)> =
        if trouble.is_empty() { day.parts().take(1).collect() } else { trouble };
    let told = told.into_iter().map(|(health, time)| match time >= Duration::DAY {
        true => format!("{} all day", name(health)),
        false => format!("{} for {}", name(health), length(time)),
    });
    let told: Vec<String> = told.collect();
    if told.is_empty() { format!("{date}: no data") } else { format!("{date}: {}", told.join(", ")) }
}

fn is_trouble(health: Health) -> bool {
    !matches!(words::health(health).0, Tone::Good | Tone::Calm)
}

fn name(health: Health) -> String {
    words::health(health).1.to_lowercase()
}

fn in_words(date: Date) -> String {
    date.format(format_description!("[day padding:none] [month repr:long]")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use integrations_core::health_history::{HealthChange, days};
    use time::macros::datetime;

    use super::*;

    #[test]
    fn each_day_is_told_in_words() {
        let change = |at, health| HealthChange { at, health };
        let changes = [
            change(datetime!(2026-11-10 20:00 UTC), Health::Healthy),
            change(datetime!(2026-11-12 06:00 UTC), Health::Degraded),
            change(datetime!(2026-11-12 06:20 UTC), Health::Unhealthy),
            change(datetime!(2026-11-12 09:20 UTC), Health::Healthy),
            change(datetime!(2026-11-13 00:00 UTC), Health::Unhealthy),
            change(datetime!(2026-11-14 00:00 UTC), Health::Unknown),
            change(datetime!(2026-11-15 12:00 UTC), Health::Healthy),
        ];
        let days = days(&changes, datetime!(2026-11-15 12:00 UTC));
        let last: Vec<String> = days[23..].iter().map(sentence).collect();
        assert_eq!(
            last,
            [
                "9 November: no data",
                "10 November: healthy for 4 hours",
                "11 November: healthy all day",
                "12 November: unhealthy for 3 hours, degraded for 20 minutes",
                "13 November: unhealthy all day",
                "14 November: not checked all day",
                "15 November: healthy for less than a minute",
            ]
        );
        assert_eq!(summary(&days), "Unhealthy on 2 days.");
        assert_eq!(summary(&days[..25]), "No trouble on 1 day.");
        assert_eq!(summary(&days[..5]), "Nothing is known about the last days.");
        assert_eq!(summary(&days[25..28]), "Unhealthy on 2 days.");
        let shown = part(&days).into_string();
        assert_eq!((shown.matches(" title=").count(), shown.matches("<li>").count()), (30, 30));
    }
}
