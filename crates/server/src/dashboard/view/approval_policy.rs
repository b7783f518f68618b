//! Who approves the calls of a project, and how long that may take.

use integrations_core::{action::Deciders, scope::RequiredScope, words::words};
use maud::{Markup, html};
use serde_json::{Map, Value};

use super::{
    field::{Field, Number, Presence},
    frame::Frame,
    layout::{self, Project, Section},
    moment::moment,
    parts::{Tone, csrf, notice, part},
    provider_page::{RefusedForm, refusal},
    value,
};
use crate::{
    dashboard::{flash::OwnedFlash, shown},
    services::actions::ShownPolicy,
};

words! {
    /// A unit of time in the form.
    pub(crate) enum Unit {
        /// Days.
        Days = "days",
        /// Hours.
        Hours = "hours",
        /// Minutes.
        Minutes = "minutes",
        /// Seconds.
        Seconds = "seconds",
    }
}

impl Unit {
    /// How many seconds one has.
    pub(crate) const fn seconds(self) -> u64 {
        match self {
            Self::Days => 86_400,
            Self::Hours => 3_600,
            Self::Minutes => 60,
            Self::Seconds => 1,
        }
    }

    /// This many seconds in the largest unit that fits.
    fn of(seconds: u32) -> (u64, Self) {
        let seconds = u64::from(seconds);
        let fits = |unit: &Self| seconds.is_multiple_of(unit.seconds());
        let unit = Self::ALL.into_iter().find(fits).unwrap_or(Self::Seconds);
        (seconds / unit.seconds(), unit)
    }
}

/// What the page shows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PolicyPage<'a> {
    /// The project.
    pub(crate) project: Project<'a>,
    /// The policy, as it is stored, and whether people can be told.
    pub(crate) shown: &'a ShownPolicy,
    /// The actions of the project's integrations that send messages.
    pub(crate) messengers: &'a [Messenger],
    /// Whether it was just changed.
    pub(crate) is_saved: bool,
    /// The form, if it was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

/// An action that sends messages.
#[derive(Clone, Debug)]
pub(crate) struct Messenger {
    /// Its account and key, as the form sends them.
    pub(crate) value: String,
    /// The same for people.
    pub(crate) label: String,
}

/// How the form names an account's action.
pub(crate) fn messenger(provider: &str, action: &str) -> String {
    format!("{provider} {action}")
}

/// The input of a destination, as it is typed: a line for each, `channel = #approvals`.
pub(crate) fn typed(input: &Map<String, Value>) -> String {
    let one = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    let line = |(name, value): (&String, &Value)| match value {
        Value::Array(items) => format!("{name} = {}", items.iter().map(one).collect::<Vec<_>>().join(", ")),
        value => format!("{name} = {}", one(value)),
    };
    input.iter().map(line).collect::<Vec<_>>().join("\n")
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &PolicyPage<'_>) -> Markup {
    let about = html! {
        p { "It holds for what is asked from now on. Whoever was asked before keeps the time that they had." }
    };
    let content = html! {
        @if let Some(refused) = page.refused {
            (refusal(refused))
        } @else if page.is_saved {
            (notice(Tone::Good, &html! { p { (OwnedFlash::Changed.words()) } }))
        }
        div.head {
            div {
                p.eyebrow { a href=(frame.addresses.approvals(page.project.id)) { "Approvals" } }
                h1 { "Who approves" }
                p.lead {
                    "Calls in " (page.project.names.project) " that need a person wait for one of these. Nobody decides "
                    "on what they asked for themselves."
                }
            }
        }
        (delivery(frame, page))
        (part("policy", "Policy", &about, &card(frame, page)))
    };
    layout::page(
        frame,
        "Who approves",
        &layout::project_bar(frame, &page.project, Section::Approvals),
        &content,
    )
}

/// What keeps people from being told, or kept them.
fn delivery(frame: &Frame<'_>, page: &PolicyPage<'_>) -> Markup {
    let ShownPolicy { problem, last_failure, .. } = page.shown;
    html! {
        @if let Some(problem) = problem {
            (notice(Tone::Warn, &html! {
                p { strong { "People are not told of what waits." } " " (problem) "." }
            }))
        }
        @if let Some(failed) = last_failure {
            (notice(Tone::Warn, &html! {
                p {
                    strong { "The last message that could not be sent:" } " " (value::text(&failed.error)) ". It was about "
                    code { (failed.approval) } ", " (moment(frame, failed.at)) "."
                }
            }))
        }
    }
}

fn card(frame: &Frame<'_>, page: &PolicyPage<'_>) -> Markup {
    if !frame.may(RequiredScope::APPROVALS_ADMIN) {
        let (number, unit) = Unit::of(page.shown.policy.expires_after);
        return html! {
            dl.facts {
                div { dt { "Who decides" } dd { (deciders(page.shown.policy.deciders)) } }
                div { dt { "Time to decide" } dd { (number) " " (unit) } }
                div { dt { "Told by" } dd { (told_by(page)) } }
            }
            p.help { "To change it takes the role approver or admin." }
        };
    }
    html! {
        form method="post" action=(frame.addresses.approval_policy(page.project.id)) data-once {
            (csrf(frame))
            input type="hidden" name="shown" value=(shown::of_policy(&page.shown.policy));
            (fields(page))
            div.actions.foot { button.primary type="submit" { "Save" } }
        }
    }
}

fn fields(page: &PolicyPage<'_>) -> Markup {
    let typed = page.refused.filter(|refused| !refused.is_outdated);
    let (number, unit) = Unit::of(page.shown.policy.expires_after);
    let value = |name: &str, stored: &str| match typed {
        Some(refused) => refused.typed.get(name).unwrap_or_default().to_owned(),
        None => stored.to_owned(),
    };
    let field = |name, label, help| Field {
        name,
        label,
        help,
        problem: typed.and_then(|refused| refused.problem(name)),
        presence: Presence::Required,
    };
    let help = "An API key also needs the scope approvals:admin, and decides only on what was asked while keys could.";
    let time = "After that the call has expired, and nothing is sent. From 5 minutes to 30 days.";
    let number = value("expires_after", &number.to_string());
    html! {
        (field("decided_by", "Who decides", Some(help)).choice(
            &value("decided_by", page.shown.policy.deciders.as_str()),
            Deciders::ALL.map(|one| (one.as_str(), deciders(one))),
        ))
        (field("expires_after", "Time to decide", Some(time)).number(&Number {
            value: &number,
            least: Some("1"),
            is_whole: true,
            ..Number::default()
        }))
        (field("unit", "Unit of time", None).choice(
            &value("unit", unit.as_str()),
            Unit::ALL.map(|unit| (unit.as_str(), unit.as_str())),
        ))
        (destination(page, typed))
    }
}

/// The fields that say where people are told.
fn destination(page: &PolicyPage<'_>, typed: Option<&RefusedForm>) -> Markup {
    let stored = page.shown.policy.notify.as_ref();
    let chosen = stored.map(|to| messenger(&to.provider, &to.action)).unwrap_or_default();
    let input = stored.map(|to| self::typed(&to.input)).unwrap_or_default();
    let value = |name: &str, stored: String| match typed {
        Some(refused) => refused.typed.get(name).unwrap_or_default().to_owned(),
        None => stored,
    };
    let field = |name, label, help| Field {
        name,
        label,
        help: Some(help),
        problem: typed.and_then(|refused| refused.problem(name)),
        presence: Presence::Free,
    };
    let by = "Saving permits this one call, by the server, even if a person is asked about others. It says what waits and \
              links to the page where somebody decides.";
    let lines =
        "The inputs that say where it goes, one in a line: channel = #approvals, or to = ops@example.com.";
    let chosen = value("notify", chosen);
    let is_known = chosen.is_empty() || page.messengers.iter().any(|one| one.value == chosen);
    let gone = (!is_known).then_some((chosen.as_str(), chosen.as_str()));
    let known = page.messengers.iter().map(|one| (one.value.as_str(), one.label.as_str()));
    html! {
        (field("notify", "People are told by", by).choice(
            &chosen,
            [("", "Nothing but webhooks")].into_iter().chain(gone).chain(known),
        ))
        (field("notify_input", "Where", lines).lines(&value("notify_input", input), 3))
    }
}

fn told_by(page: &PolicyPage<'_>) -> Markup {
    let Some(to) = &page.shown.policy.notify else { return html! { "Nothing but webhooks" } };
    let value = messenger(&to.provider, &to.action);
    let label = page.messengers.iter().find(|one| one.value == value).map_or(&value, |one| &one.label);
    html! { (label) ", " (value::text(&typed(&to.input))) }
}

const fn deciders(deciders: Deciders) -> &'static str {
    match deciders {
        Deciders::People => "People who are signed in, with the role approver or admin",
        Deciders::PeopleAndKeys => "The same people, and API keys",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_has_the_largest_unit_that_fits() {
        let told = [86_400, 172_800, 5_400, 301].map(Unit::of);
        assert_eq!(told, [(1, Unit::Days), (2, Unit::Days), (90, Unit::Minutes), (301, Unit::Seconds)]);
    }
}
