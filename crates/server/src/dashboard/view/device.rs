//! The pages of a device login: enter the code, decide, and what became of it.

use integrations_core::{
    device_login::KeyLife,
    issue::Issue,
    scope::{Level, Resource, Scope},
};
use maud::{Markup, html};

use super::{
    field::{Field, Presence, Text},
    frame::Frame,
    layout,
    moment::moment,
    parts::{Tone, csrf, notice},
};
use crate::{
    dashboard::key_form::SCOPE,
    edge::form::Form,
    store::{DeviceLogin, ProjectRecord},
};

/// The value of the choice of all projects.
pub(crate) const ALL_PROJECTS: &str = "all";

/// A login, and what who decides may grant.
#[derive(Debug)]
pub(crate) struct Page<'a> {
    /// The code.
    pub(crate) code: &'a str,
    /// The login.
    pub(crate) login: &'a DeviceLogin,
    /// The name of the organization in which the key would work.
    pub(crate) organization: &'a str,
    /// Its projects.
    pub(crate) projects: &'a [ProjectRecord],
    /// Whether all of them at once can be chosen.
    pub(crate) may_grant_all: bool,
    /// The scopes that can be chosen.
    pub(crate) scopes: &'a [Scope],
}

/// What was chosen before, and what is wrong with it.
#[derive(Debug, Default)]
pub(crate) struct Choice<'a> {
    /// The form that was sent. `None`: none yet.
    pub(crate) typed: Option<&'a Form>,
    /// What is wrong with it, by field.
    pub(crate) issues: &'a [Issue],
}

impl Choice<'_> {
    fn problem(&self, field: &str) -> Option<&str> {
        self.issues.iter().find(|issue| issue.path == field).map(|issue| issue.message.as_str())
    }

    fn value(&self, field: &str) -> Option<&str> {
        self.typed.map(|form| form.trimmed(field))
    }

    /// Whether a scope is ticked. At first only the one to read everything is.
    fn has(&self, scope: Scope) -> bool {
        let reads = scope.resource.is_none() && scope.level == Level::Read;
        self.typed.map_or(reads, |form| form.is_ticked(&field_of(scope)))
    }
}

/// The name of the field for a scope.
pub(crate) fn field_of(scope: Scope) -> String {
    format!("{SCOPE}{scope}")
}

/// Asks for the code. A code that came with the address is filled in, and must be confirmed.
pub(crate) fn enter(frame: &Frame<'_>, code: &str, problem: Option<&str>) -> Markup {
    let field = Field {
        name: "code",
        label: "Code",
        help: Some("The program shows it: 8 letters and digits, such as WDJB-MJHT."),
        problem,
        presence: Presence::Required,
    };
    let text = Text { value: code, example: Some("ABCD-2345"), longest: Some(40), ..Text::default() };
    let content = html! {
        div.narrow {
            div.card {
                h1 { "Log a program in" }
                p.lead {
                    "A terminal or program that you started shows a code. "
                    @if code.is_empty() { "Enter it here." } @else { "Compare it with this one." }
                }
                (notice(Tone::Warn, &html! {
                    p {
                        strong { "Did somebody send you here? " }
                        "Close the page, unless the code stands on a screen before you. Who sent it would get access \
                         in your name."
                    }
                }))
                form method="post" action=(frame.addresses.device(None)) data-once {
                    (csrf(frame))
                    (field.text(&text))
                    button.primary.wide type="submit" { "My terminal shows this code" }
                }
            }
        }
    };
    layout::page(frame, "Log a program in", &html! {}, &content)
}

/// Asks for the decision.
pub(crate) fn decide(frame: &Frame<'_>, page: &Page<'_>, choice: &Choice<'_>) -> Markup {
    let content = html! {
        div.narrow {
            @if !choice.issues.is_empty() {
                (notice(Tone::Bad, &html! { p { "Nothing is decided yet. Choose what is marked below." } }))
            }
            div.card {
                h1 { "Give a program access?" }
                p.user-code { code { (page.code) } }
                p { "Does your terminal show " strong { "exactly this code" } "? If not, deny." }
                (facts(frame, page))
                form method="post" action=(frame.addresses.to_device("approve")) data-once {
                    (csrf(frame))
                    input type="hidden" name="code" value=(page.code);
                    (choices(page, choice))
                    p.small { "The program gets an API key that never does more than you may. You can revoke it." }
                    button.primary.wide type="submit" { "Give access" }
                }
                form.actions.foot method="post" action=(frame.addresses.to_device("deny")) data-once {
                    (csrf(frame))
                    input type="hidden" name="code" value=(page.code);
                    button.danger type="submit" { "Deny" }
                }
            }
        }
    };
    layout::page(frame, "Give a program access?", &html! {}, &content)
}

fn facts(frame: &Frame<'_>, page: &Page<'_>) -> Markup {
    html! {
        dl.facts {
            div { dt { "Program (unverified)" } dd { bdi { (page.login.client_name) } } }
            div { dt { "Organization" } dd { bdi { (page.organization) } } }
            div { dt { "Asked from" } dd { code { (page.login.address) } } }
            div { dt { "Asked" } dd { (moment(frame, page.login.created_at)) } }
        }
        p.small { "Anybody can claim any name. The address is that of the program, or of a proxy before it." }
    }
}

fn choices(page: &Page<'_>, choice: &Choice<'_>) -> Markup {
    let all = page.may_grant_all.then_some((ALL_PROJECTS, "All projects, later ones too"));
    let projects = page.projects.iter().map(|project| (project.id.as_str(), project.name.as_str()));
    let projects = std::iter::once(("", "Choose…")).chain(projects).chain(all);
    let lives = KeyLife::ALL.map(|life| (life.as_str(), life_words(life)));
    html! {
        (field("project", "Project", choice.problem("project"))
            .choice(choice.value("project").unwrap_or_default(), projects))
        fieldset.choices {
            legend { "It may" }
            @if let Some(problem) = choice.problem("scopes") { p.problem { (problem) } }
            @for scope in page.scopes {
                @let (name, label) = (field_of(*scope), scope_words(*scope));
                (field(&name, &label, None).switch(choice.has(*scope), false, &html! { " " code { (scope) } }))
            }
        }
        (field("life", "For", choice.problem("life"))
            .choice(choice.value("life").unwrap_or(KeyLife::Day.as_str()), lives))
    }
}

fn field<'a>(name: &'a str, label: &'a str, problem: Option<&'a str>) -> Field<'a> {
    Field { name, label, help: None, problem, presence: Presence::Required }
}

fn scope_words(scope: Scope) -> String {
    let reads = scope.level == Level::Read;
    match scope.resource {
        None if reads => "see everything".to_owned(),
        None => "see everything, and change all but API keys, OAuth apps and approvals".to_owned(),
        Some(Resource::Audit) => "see the audit log".to_owned(),
        Some(Resource::Actions) if reads => "see the actions and their calls".to_owned(),
        Some(Resource::Actions) => "call the actions that are permitted".to_owned(),
        Some(Resource::Proxy) => "send requests to providers through this server".to_owned(),
        Some(resource) => {
            let verb = if reads { "see" } else { "see and change" };
            format!("{verb} {}", resource.as_str().replace('_', " "))
        }
    }
}

const fn life_words(life: KeyLife) -> &'static str {
    match life {
        KeyLife::Day => "1 day",
        KeyLife::Week => "7 days",
        KeyLife::Month => "30 days",
        KeyLife::Quarter => "90 days",
    }
}

/// After an approval.
pub(crate) fn approved(frame: &Frame<'_>, client_name: &str) -> Markup {
    let text =
        html! { "Go back to your terminal: it has a minute to fetch its key. You can close this window." };
    ended(frame, "Access given", client_name, &text)
}

/// After a denial.
pub(crate) fn denied(frame: &Frame<'_>, client_name: &str) -> Markup {
    let text = html! { "It gets nothing. You can close this window." };
    ended(frame, "Access denied", client_name, &text)
}

fn ended(frame: &Frame<'_>, title: &str, client_name: &str, text: &Markup) -> Markup {
    let content = html! {
        div.narrow {
            div.card.finished {
                h1 { (title) }
                p { bdi { (client_name) } }
                p { (text) }
            }
        }
    };
    layout::page(frame, title, &html! {}, &content)
}
