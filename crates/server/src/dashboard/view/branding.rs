//! The form for how a project's pages for customers present themselves.

use integrations_core::{name::MAX_NAME, wire::Branding};
use maud::{Markup, html};

use super::{
    field::{Field, Presence, Text},
    frame::Frame,
    parts::{csrf, part},
    provider_page::RefusedForm,
};

const ABOUT_ACCENT: &str = "The colour of buttons and links. It must stand out from white.";
const ABOUT_DARK: &str =
    "The same on dark pages. If it is empty, the colour above is lightened as far as needed.";
const ABOUT_SUPPORT: &str = "Whom a customer asks: a mail address, or the https address of a page.";

/// What the form shows.
#[derive(Debug)]
pub(super) struct BrandingForm<'a> {
    /// Where it is sent to.
    pub(super) action: &'a str,
    /// The mark of what it shows.
    pub(super) shown: &'a str,
    /// What is stored.
    pub(super) stored: Option<&'a Branding>,
    /// The logos that there are, by the names of their files.
    pub(super) logos: &'a [&'a str],
    /// The form as it was sent, if it was just refused.
    pub(super) typed: Option<&'a RefusedForm>,
}

/// Renders it.
pub(super) fn card(frame: &Frame<'_>, shows: &BrandingForm<'_>) -> Markup {
    let about = html! {
        p { "How the pages of an install link present themselves to your customers. What is empty is the operator's." }
    };
    let form = html! {
        form method="post" action=(shows.action) data-once {
            (csrf(frame))
            input type="hidden" name="shown" value=(shows.shown);
            (fields(shows))
            div.actions.foot { button.primary type="submit" { "Save" } }
        }
    };
    part("branding", "Branding", &about, &form)
}

fn fields(shows: &BrandingForm<'_>) -> Markup {
    let typed = shows.typed;
    let stored = shows.stored.cloned().unwrap_or_default();
    let Branding { name, logo, accent, accent_dark, support } = &stored;
    let value = |field: &str, stored: &Option<String>| match typed {
        Some(refused) => refused.typed.get(field).unwrap_or_default().to_owned(),
        None => stored.clone().unwrap_or_default(),
    };
    let text = |field_name: &'static str, label, help, stored: &Option<String>, example| {
        let problem = typed.and_then(|refused| refused.problem(field_name));
        let field = Field { name: field_name, label, help, problem, presence: Presence::Free };
        let longest = (field_name == "branding.name").then_some(MAX_NAME as u64);
        field.text(&Text {
            value: &value(field_name, stored),
            example: Some(example),
            longest,
            ..Text::default()
        })
    };
    let logo_problem = typed.and_then(|refused| refused.problem("branding.logo"));
    let logo_field = Field {
        name: "branding.logo",
        label: "Logo",
        help: Some("A file in the operator's directory of logos."),
        problem: logo_problem,
        presence: Presence::Free,
    };
    let chosen = value("branding.logo", logo);
    html! {
        (text("branding.name", "Name", Some("Of the product or company."), name, "Acme"))
        (logo_field.choice(&chosen, logos(shows.logos, &chosen)))
        (text("branding.accent", "Colour", Some(ABOUT_ACCENT), accent, "#0a7755"))
        (text("branding.accent_dark", "Colour on dark pages", Some(ABOUT_DARK), accent_dark, "#2fbf8f"))
        (text("branding.support", "Support", Some(ABOUT_SUPPORT), support, "help@example.com"))
    }
}

/// The logos to choose from. One that is chosen and gone stays, so that it is not taken away unnoticed.
fn logos<'a>(logos: &[&'a str], chosen: &'a str) -> Vec<(&'a str, &'a str)> {
    let is_gone = !chosen.is_empty() && !logos.contains(&chosen);
    let there = logos.iter().copied().chain(is_gone.then_some(chosen));
    [("", "None of its own")].into_iter().chain(there.map(|file| (file, file))).collect()
}
