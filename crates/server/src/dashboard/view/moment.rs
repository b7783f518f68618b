//! Times, as people say them: how long ago, with the exact moment at hand.

use maud::{Markup, html};
use time::{
    Duration, OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339, macros::format_description,
};

use super::frame::Frame;

/// From this distance on, a date says more than a number of days.
const FAR: Duration = Duration::days(30);

/// A time, seen from now. The exact one is its title; the script says it in the reader's time zone too, and shows it to
/// who touches it.
pub(crate) fn moment(frame: &Frame<'_>, at: OffsetDateTime) -> Markup {
    html! {
        time datetime=(at.format(&Rfc3339).unwrap_or_default()) title=(exactly(at)) { (from(frame.now, at)) }
    }
}

fn exactly(at: OffsetDateTime) -> String {
    let words =
        format_description!("[day padding:none] [month repr:short] [year], [hour]:[minute]:[second] UTC");
    at.to_offset(UtcOffset::UTC).format(words).unwrap_or_default()
}

/// How far `at` is from `now`: “3 hours ago”, “in 2 days”. What is far away has its date.
fn from(now: OffsetDateTime, at: OffsetDateTime) -> String {
    let distance = (at - now).abs();
    if distance >= FAR {
        let date = format_description!("on [day padding:none] [month repr:long] [year]");
        return at.to_offset(UtcOffset::UTC).format(date).unwrap_or_default();
    }
    match (distance < Duration::MINUTE, at > now) {
        (true, true) => "in a moment".to_owned(),
        (true, false) => "just now".to_owned(),
        (false, true) => format!("in {}", length(distance)),
        (false, false) => format!("{} ago", length(distance)),
    }
}

/// A length of time in its largest unit, rounded: “1 minute”, “3 hours”, “12 days”.
pub(crate) fn length(length: Duration) -> String {
    let rounded = |unit: Duration| (length + unit / 2_i32).whole_seconds() / unit.whole_seconds();
    let [minutes, hours, days] = [Duration::MINUTE, Duration::HOUR, Duration::DAY].map(rounded);
    let (count, unit) = match () {
        () if length < Duration::MINUTE => return "less than a minute".to_owned(),
        () if minutes < 60 => (minutes, "minute"),
        () if hours < 24 => (hours, "hour"),
        () => (days, "day"),
    };
    if count == 1 { format!("1 {unit}") } else { format!("{count} {unit}s") }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_is_told_from_now() {
        let now = datetime!(2026-05-17 18:00:00 UTC);
        for (at, words) in [
            (datetime!(2026-05-17 18:00:00 UTC), "just now"),
            (datetime!(2026-05-17 17:59:01 UTC), "just now"),
            (datetime!(2026-05-17 18:00:59 UTC), "in a moment"),
            (datetime!(2026-05-17 17:59:00 UTC), "1 minute ago"),
            (datetime!(2026-05-17 17:01:00 UTC), "59 minutes ago"),
            (datetime!(2026-05-17 17:00:10 UTC), "1 hour ago"),
            (datetime!(2026-05-17 15:00:00 UTC), "3 hours ago"),
            (datetime!(2026-05-17 19:20:00 UTC), "in 1 hour"),
            (datetime!(2026-05-18 05:59:59 UTC), "in 12 hours"),
            (datetime!(2026-05-15 18:00:00 UTC), "2 days ago"),
            (datetime!(2026-06-15 17:00:00 UTC), "in 29 days"),
            (datetime!(2026-06-16 18:00:00 UTC), "on 16 June 2026"),
            (datetime!(2025-03-01 00:30:00 +1), "on 28 February 2025"),
        ] {
            assert_eq!(from(now, at), words, "{at}");
        }
        assert_eq!(exactly(datetime!(2026-05-17 01:02:03 +2)), "16 May 2026, 23:02:03 UTC");
    }
}
