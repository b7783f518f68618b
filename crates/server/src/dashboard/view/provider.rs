//! A provider in a project: what it is, its status, and everything that can be changed.

use integrations_core::{
    action::guard_sentences,
    catalog::{Action, ActionKind, Provider, SetupType},
    integration::Integration,
    issue::Issue,
    lifecycle::Status,
    name::MAX_NAME,
    permissions::{OTHER_READS, Permission},
    proxy::other_permissions,
    scope::RequiredScope,
};
use maud::{Markup, html};

use super::{
    accounts, audit, badge, connect,
    field::{Field, Presence, Text},
    frame::Frame,
    health,
    layout::{self, Section},
    parts::{Tone, away, csrf, emblem, notice, part, pill},
    provider_page::{Part, ProviderPage},
    revocation, settings,
    state::{self, version},
    words,
};
use crate::dashboard::settings as setting_fields;

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let content = html! {
        (news(page))
        (head(frame, page))
        @if let Some(facts) = page.revocation { (revocation::outcome(frame, page.provider(), facts)) }
        (connection(frame, page))
        @if let Some(integration) = page.integration {
            (health::part(page.health))
            (details(frame, page, integration))
            (settings_form(frame, page, integration))
            (permissions(frame, page, integration))
        }
        (events(frame, page))
        (accounts::part(frame, page))
        @if !page.events.is_empty() { (activity(frame, page)) }
        @if may_change(frame)
            && page.integration.is_some_and(|integration| integration.status() != Status::Disconnected) {
            (disconnection(frame, page))
        }
    };
    let above = layout::project_bar(frame, &page.project, Section::Integration);
    layout::page(frame, &page.name(), &above, &content)
}

/// The way to the events that the provider sends.
fn events(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let sends = page.provider().events().is_some() && page.integration.is_some();
    html! {
        @if sends {
            (part(
                "events",
                "Events",
                &html! { p { "What " (page.provider().name) " tells of by itself." } },
                &html! { p { a href=(page.to(frame, "events")) { "Events from " (page.provider().name) } } },
            ))
        }
    }
}

/// The message about what was just done or refused.
fn news(page: &ProviderPage<'_>) -> Markup {
    html! {
        @if let Some(refused) = page.refused {
            (notice(Tone::Bad, &html! {
                p { strong { (refused.title) } }
                @if !refused.advice.is_empty() { p { (refused.advice) } }
                @if !refused.issues.is_empty() {
                    ul { @for issue in &refused.issues { li { (issue_words(page.provider(), issue)) } } }
                }
            }))
        } @else if let Some(flash) = page.flash {
            (notice(Tone::Good, &html! { p { (flash.words(page.account)) } }))
        }
    }
}

/// An issue, with the label of its field in place of the path.
fn issue_words(provider: &Provider, issue: &Issue) -> String {
    let (root, key) = issue.path.split_once('.').unwrap_or(("", &issue.path));
    let key = key.split('.').next().unwrap_or_default();
    let fields = provider.connection.iter().chain(provider.form().into_iter().flat_map(|form| &form.fields));
    let label = match root {
        "settings" => {
            setting_fields::of(provider).find(|setting| setting.key == key).map(|setting| setting.title)
        }
        "connection" | "credential" => {
            fields.into_iter().find(|field| field.key == key).map(|field| field.label.as_str())
        }
        _ if issue.path == "display_name" => Some("Display name"),
        _ if issue.path == "alias" => Some("Name of another account"),
        _ => None,
    };
    match label {
        Some(label) => format!("{label}: {}", issue.message),
        None => issue.to_string(),
    }
}

fn head(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let provider = page.provider();
    html! {
        div.head.with-mark {
            (emblem(frame, provider))
            div {
                p.eyebrow { (page.account.label()) " · " (words::category(provider.category)) }
                div.title-line {
                    h1 { (page.name()) }
                    @match page.integration {
                        Some(integration) => (badge::badge(integration.status(), integration.health)),
                        None => (badge::not_connected()),
                    }
                }
                p.lead { (provider.description) " " (away(provider.documentation_url.as_str(), "Documentation")) }
            }
        }
    }
}

fn connection(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let name = &page.provider().name;
    let about = match page.offer.shown.provider.setup_type() {
        SetupType::OAuth => {
            format!("You allow the access at {name}, which sends you back here. Your password stays there.")
        }
        SetupType::ApiKey => {
            format!("With a key that you create at {name}. It is checked there and stored encrypted.")
        }
        SetupType::WebhookUrl => {
            format!(
                "With a secret address that you create at {name}. It is checked there and stored encrypted."
            )
        }
    };
    let card = match page.integration {
        None if !may_change(frame) => html! { p { "Your role does not allow you to connect it." } },
        Some(integration) if !may_change(frame) => state::card(frame, page, integration),
        None => connect::form(frame, page, connect::Label::Connect),
        Some(integration) if integration.status() == Status::Disconnected => html! {
            (state::card(frame, page, integration))
            div.divided { (connect::form(frame, page, connect::Label::Connect)) }
        },
        Some(integration) => {
            let is_wanted =
                integration.status() == Status::Error || page.refused_in(Part::Connection).is_some();
            html! {
                (state::card(frame, page, integration))
                details.divided open[is_wanted] {
                    summary { "Connect again" }
                    p.help {
                        "With a new credential, or as another account. Settings stay. Permissions stay if it is known to be \
                         the same account; otherwise every action that does more than read is turned off."
                    }
                    (connect::form(frame, page, connect::Label::Again))
                }
            }
        }
    };
    part("connection", "Connection", &html! { p { (about) } }, &card)
}

fn details(frame: &Frame<'_>, page: &ProviderPage<'_>, integration: &Integration) -> Markup {
    let refused = page.refused_in(Part::Details);
    let stored = integration.display_name.as_deref().unwrap_or_default();
    let name = Field {
        name: "display_name",
        label: "Display name",
        help: Some("Shown in place of the provider's name."),
        problem: refused.and_then(|refused| refused.problem("display_name")),
        presence: Presence::Free,
    };
    let value = refused.map_or(stored, |refused| refused.typed.get("display_name").unwrap_or_default());
    let is_off = integration.status() == Status::Disconnected;
    let sidebar = Field {
        name: "sidebar_enabled",
        label: "Show in the sidebar",
        help: Some(if is_off {
            "Not while it is disconnected."
        } else {
            "Its panel is shown beside conversations in the inbox."
        }),
        problem: refused.and_then(|refused| refused.problem("sidebar_enabled")),
        presence: Presence::Free,
    };
    let is_shown =
        refused.map_or(integration.sidebar_enabled, |refused| refused.typed.is_ticked("sidebar_enabled"));
    let text = Text {
        value,
        example: Some(&page.provider().name),
        longest: Some(MAX_NAME as u64),
        ..Text::default()
    };
    let fields = html! { (name.text(&text)) (sidebar.switch(is_shown, is_off, &html! {})) };
    let about = html! { p { "How people see it." } };
    part("details", "Details", &about, &form(frame, page, integration, "details", &fields))
}

fn settings_form(frame: &Frame<'_>, page: &ProviderPage<'_>, integration: &Integration) -> Markup {
    let refused = page.refused_in(Part::Settings);
    let fields: Vec<Markup> = setting_fields::of(page.provider())
        .map(|setting| settings::control(&setting, integration, refused))
        .collect();
    let about = html! { p { "How your agents use " (page.provider().name) "." } };
    html! {
        @if !fields.is_empty() {
            @let fields = html! { @for field in &fields { (field) } };
            (part("settings", "Settings", &about, &form(frame, page, integration, "settings", &fields)))
        }
    }
}

fn permissions(frame: &Frame<'_>, page: &ProviderPage<'_>, integration: &Integration) -> Markup {
    let refused = page.refused_in(Part::Permissions);
    let chosen = |key: &str| {
        let typed = refused.and_then(|refused| refused.typed.get(&permission_field(key)));
        let stored = integration.action_permissions.get(key).copied();
        typed.and_then(permission_of).or(stored).unwrap_or_default()
    };
    let others = other_permissions(page.provider()).into_iter().filter(|(_, why_not)| why_not.is_none());
    let fields = html! {
        @for action in page.provider().actions.iter() {
            (permission(action, chosen(&action.key)))
            (guarded(frame, page, integration, action))
        }
        @for (key, _) in others { (other_permission(key, chosen(key))) }
    };
    let about = html! {
        p {
            "What your agents may do there. “Ask” means that a person approves each time. Actions that move money, "
            "delete something or cannot be undone are marked."
        }
        @if frame.may(RequiredScope::ACTIONS_READ) {
            p { a href=(runs(frame, page, None)) { "What came of each call" } }
        }
    };
    html! {
        @if !page.provider().actions.is_empty() {
            (part("permissions", "Permissions", &about, &form(frame, page, integration, "permissions", &fields)))
        }
    }
}

/// The name of the field that permits an action.
pub(crate) fn permission_field(key: &str) -> String {
    format!("permissions.{key}")
}

/// The permissions, each with its value in a form and its label.
const PERMISSIONS: [(Permission, &str, &str); 3] =
    [(Permission::Off, "off", "Off"), (Permission::Ask, "ask", "Ask"), (Permission::Allowed, "on", "On")];

/// The permission that a form names. `None`: it names none.
pub(crate) fn permission_of(value: &str) -> Option<Permission> {
    PERMISSIONS.into_iter().find(|(_, name, _)| *name == value).map(|(permission, ..)| permission)
}

fn permission(action: &Action, chosen: Permission) -> Markup {
    let name = permission_field(&action.key);
    let mark = match action.kind {
        ActionKind::ReadOnly => pill(Tone::Calm, "Reads"),
        ActionKind::Write => pill(Tone::Calm, "Changes"),
        ActionKind::Destructive => pill(Tone::Bad, "Destructive"),
    };
    let field = Field {
        name: &name,
        label: &action.label,
        help: Some(&action.description),
        problem: None,
        presence: Presence::Free,
    };
    let choices = PERMISSIONS.map(|(permission, value, label)| (value, label, permission == chosen));
    field.choice_beside(&choices, &html! { " " (mark) })
}

/// The address of the integration's runs, or those of one action.
fn runs(frame: &Frame<'_>, page: &ProviderPage<'_>, action: Option<&Action>) -> String {
    let action = action.map(|action| ("action", action.key.as_str()));
    let conditions: Vec<(&str, &str)> =
        [("provider", page.account.as_str())].into_iter().chain(action).collect();
    frame.addresses.runs_where(page.project.id, &conditions)
}

/// What guards an action beside its permission, and the ways to its runs and to trying it.
fn guarded(frame: &Frame<'_>, page: &ProviderPage<'_>, integration: &Integration, action: &Action) -> Markup {
    let stored = integration.action_permissions.get(&action.key).copied().unwrap_or_default();
    let may_call = frame.may(RequiredScope::ACTIONS_WRITE);
    let may_be_tried = action.kind == ActionKind::ReadOnly
        && stored != Permission::Off
        && integration.status() == Status::Active
        && may_call;
    let sentences = guard_sentences(page.provider(), action, &integration.settings);
    let label = html! { span.visually-hidden { ": " (action.label) } };
    let (project, account) = (page.project.id, page.account.as_str());
    let trial = frame.addresses.action(project, account, &action.key);
    let explanation = frame.addresses.explanation(project, account, &action.key);
    html! {
        div.guarded {
            @if !action.guards.is_empty() { ul.changes { @for sentence in &sentences { li { (sentence) } } } }
            p {
                @if may_be_tried { a href=(trial) { "Try it" (label) } " " }
                @if may_call { a href=(explanation) { "What would be decided?" (label) } " " }
                @if frame.may(RequiredScope::ACTIONS_READ) { a href=(runs(frame, page, Some(action))) { "Runs" (label) } }
            }
        }
    }
}

/// The permission of what no action stands for. Nobody is asked: nobody could say what for.
fn other_permission(key: &str, chosen: Permission) -> Markup {
    let reads = key == OTHER_READS;
    let (label, help, mark) = if reads {
        (
            "Read anything else",
            "Through the proxy: whatever reads and no action stands for. Every action that reads must be on too.",
            pill(Tone::Calm, "Reads"),
        )
    } else {
        (
            "Change anything else",
            "Through the proxy: whatever no action stands for. Every action must be on too.",
            pill(Tone::Bad, "Destructive"),
        )
    };
    let name = permission_field(key);
    let field = Field { name: &name, label, help: Some(help), problem: None, presence: Presence::Free };
    let choices = PERMISSIONS.into_iter().filter(|(permission, ..)| *permission != Permission::Ask);
    let choices = choices.map(|(permission, value, label)| (value, label, permission == chosen));
    field.choice_beside(&choices.collect::<Vec<_>>(), &html! { " " (mark) })
}

/// Whether who is signed in may change anything here. The services check it again.
fn may_change(frame: &Frame<'_>) -> bool {
    frame.may(RequiredScope::INTEGRATIONS_WRITE)
}

/// A form with a button to save. Who may not save sees the fields as they are.
fn form(
    frame: &Frame<'_>,
    page: &ProviderPage<'_>,
    integration: &Integration,
    action: &str,
    fields: &Markup,
) -> Markup {
    if !may_change(frame) {
        return html! {
            fieldset.as-it-is disabled { (fields) }
            p.help { "Your role does not allow you to change this." }
        };
    }
    html! {
        form method="post" action=(page.to(frame, action)) data-once {
            (csrf(frame))
            (version(integration))
            (fields)
            div.actions.foot { button.primary type="submit" { "Save" span.visually-hidden { " " (action) } } }
        }
    }
}

fn activity(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let accounts = [(page.account.as_str(), page.account.clone())].into();
    let about = html! {
        p { "The latest changes. " a href=(frame.addresses.audit(page.project.id)) { "The whole audit log" } }
    };
    part("activity", "Activity", &about, &audit::events(frame, page.events, &accounts))
}

fn disconnection(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let about = html! { p { "Ends its use." } };
    let card = html! {
        div.aside-action {
            p { "Destroys the stored credential. To use it again, connect it again." }
            a.button.danger href=(page.to(frame, "disconnect")) { "Disconnect" span.visually-hidden { " " (page.name()) } "…" }
        }
    };
    part("disconnection", "Disconnect", &about, &card)
}
