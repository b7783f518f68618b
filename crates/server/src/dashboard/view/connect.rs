//! The form that connects a provider.

use integrations_core::{
    catalog::{self, CredentialForm, OAuth, Provider, Setup},
    scope::RequiredScope,
};
use maud::{Markup, html};
use serde_json::Value;

use super::{
    field::{Field, Presence, Text},
    frame::Frame,
    parts::{away, copied, csrf},
    provider_page::{Part, ProviderPage, RefusedForm},
    words,
};
use crate::{
    dashboard::addresses::AppsPlace,
    services::install::{Availability, OfferedWay},
};

/// The kind of the button's label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Label {
    /// To connect for the first time, or after a disconnection.
    Connect,
    /// To connect again while it is connected.
    Again,
}

/// Renders it, or says why the provider cannot be connected.
pub(crate) fn form(frame: &Frame<'_>, page: &ProviderPage<'_>, label: Label) -> Markup {
    let refused = page.refused_in(Part::Connection);
    let account = &page.offer.shown;
    let provider = &account.provider;
    let why_not = match page.offer.availability() {
        Availability::Ready => None,
        Availability::NoApprovedHost => Some(not_approved(provider)),
        Availability::NotConfigured => Some(not_configured(frame, page, provider)),
    };
    if let Some(why_not) = why_not {
        return html! { (ways(frame, page)) (not_yet(frame, provider, &why_not)) };
    }
    let name = &provider.name;
    let button = match (&provider.setup, label) {
        (Setup::OAuth(_), Label::Connect) => format!("Connect with {name}"),
        (Setup::OAuth(_), Label::Again) => format!("Connect again with {name}"),
        (_, Label::Connect) => format!("Connect {name}"),
        (_, Label::Again) => format!("Connect {name} again"),
    };
    html! {
        (ways(frame, page))
        form method="post" action=(page.to(frame, "connect")) data-once {
            (csrf(frame))
            @if account.ways.are_several() { input type="hidden" name="auth" value=(provider.auth.as_str()); }
            @for field in &provider.connection { (connection_field_of(page, field, refused)) }
            @match &provider.setup {
                Setup::OAuth(oauth) => {
                    @if let Some(alias) = page.account.reference.alias() {
                        p.help { "At " (name) ", sign in as the account that is called " strong { (alias) } " here." }
                    }
                    @if let Some(form) = &oauth.own_client {
                        (credential(name, form, refused))
                        p.help { @if oauth.discovery.is_some() { "A client of your own needs" } @else { "Register the client with" }
                            " this redirect address, exactly as it stands:"
                        }
                        (copied("redirect", &frame.addresses.own_callback()))
                    }
                    (asked_for(frame, name, oauth))
                },
                Setup::ApiKey(form) | Setup::WebhookUrl(form) => (credential(name, form, refused)),
                Setup::Fetched(fetched) => (credential(name, &fetched.form, refused)),
            }
            div.actions.foot { button.primary type="submit" { (button) } }
        }
    }
}

/// The ways to log in, those first that work on this server. Nothing, if there is no choice.
fn ways(frame: &Frame<'_>, page: &ProviderPage<'_>) -> Markup {
    let offer = page.offer;
    let page_of = frame.addresses.provider(page.project.id, page.account.as_str());
    let recommended = offer.shown.ways.first();
    let is_shown = |way: &OfferedWay| way.provider.auth == offer.shown.provider.auth;
    // A customer cannot set up what is missing.
    let may_choose =
        |way: &&OfferedWay| frame.who.is_some() || way.availability == Availability::Ready || is_shown(way);
    let ways: Vec<&OfferedWay> = offer.ways.iter().filter(may_choose).collect();
    html! {
        @if ways.len() > 1 {
            nav.tabs aria-label="Ways to log in" {
                @for way in ways {
                    @let current = is_shown(way).then_some("page");
                    a href=(format!("{page_of}?auth={}", way.provider.auth)) aria-current=[current] {
                        (words::way(way.provider.auth))
                    }
                }
            }
            @if offer.shown.provider.auth == recommended.auth {
                p.help { "Recommended" @match &recommended.why { Some(why) => { ": " (why) }, None => "." } }
            }
        }
    }
}

/// A field of the connection, with what was typed or is stored.
fn connection_field_of(
    page: &ProviderPage<'_>,
    field: &catalog::Field,
    refused: Option<&RefusedForm>,
) -> Markup {
    let stored = page.connection.get(&field.key).and_then(Value::as_str).unwrap_or_default();
    let name = connection_name(field);
    let value = refused.map_or(stored, |refused| refused.typed.get(&name).unwrap_or_default());
    open_field(&name, field, value, refused.and_then(|refused| refused.problem(&name)))
}

/// The name of a field of the connection.
pub(super) fn connection_name(field: &catalog::Field) -> String {
    format!("connection.{}", field.key)
}

/// A field that is no secret, such as a shop, a subdomain or a region.
pub(super) fn open_field(name: &str, field: &catalog::Field, value: &str, problem: Option<&str>) -> Markup {
    // The placeholder shows the default, which an empty input means.
    let example = field.default.as_ref().or(field.example.as_ref());
    let drawn = Field {
        name,
        label: &field.label,
        help: Some(&field.help),
        problem,
        presence: Presence::marked(field.is_required()),
    };
    if !field.options.is_empty() {
        let chosen = if value.is_empty() { field.default.as_deref().unwrap_or_default() } else { value };
        let drawn = Field { presence: Presence::Free, ..drawn };
        return drawn
            .choice(chosen, field.options.iter().map(|one| (one.value.as_str(), one.label.as_str())));
    }
    drawn.text(&Text {
        value,
        example: example.map(String::as_str),
        prefix: field.prefix.as_deref(),
        suffix: field.suffix.as_deref(),
        ..Text::default()
    })
}

fn asked_for(frame: &Frame<'_>, name: &str, oauth: &OAuth) -> Markup {
    html! {
        @if oauth.scopes.is_empty() || frame.is_for_customers() {
            p.help { (name) " shows what is asked for before you agree." }
        } @else {
            details.scopes {
                summary { "What " (name) " will be asked to allow" }
                ul.scope-list { @for scope in &oauth.scopes { li { code { (scope) } } } }
            }
        }
    }
}

fn credential(name: &str, form: &CredentialForm, refused: Option<&RefusedForm>) -> Markup {
    html! {
        @if let Some(page) = &form.page { p.help.where { (away(page.as_str(), &format!("Where to find it at {name}"))) } }
        @for field in form.typed() {
            @let path = format!("credential.{}", field.key);
            @let drawn = Field {
                name: &path,
                label: &field.label,
                help: Some(&field.help),
                problem: refused.and_then(|refused| refused.problem(&path)),
                presence: Presence::marked(field.is_required()),
            };
            @if field.lines { (drawn.lines("", 6)) } @else { (drawn.secret()) }
        }
    }
}

/// It cannot be connected yet. Says so to a customer, and why to those who may have it changed.
fn not_yet(frame: &Frame<'_>, provider: &Provider, why: &Markup) -> Markup {
    html! {
        @if frame.who.is_none() {
            p.meaning { (provider.name) " cannot be connected yet." }
            p { "Ask those who sent you here to have it set up, then open the link again." }
        } @else {
            p.meaning { (provider.name) " is not set up on this server yet." }
            (why)
        }
    }
}

/// The operator approves no host. Tells what has to be done.
fn not_approved(provider: &Provider) -> Markup {
    html! {
        p {
            (provider.name) " is at a host of your own, and a server sends credentials only to hosts that its operator "
            "has approved. None is approved here. The operator names it in the settings, and starts the server again:"
        }
        (copied("setting", "RIQ_APPROVED_HOSTS=host.example.com"))
    }
}

/// There is no OAuth app. Leads a person who may set one to its page, and tells others what has to be done.
fn not_configured(frame: &Frame<'_>, page: &ProviderPage<'_>, provider: &Provider) -> Markup {
    let app_page = provider.oauth().and_then(|oauth| oauth.app_page.as_ref());
    let command = frame
        .operator
        .admin(&format!("oauth-app set {} --client-id CLIENT_ID --client-secret-file -", provider.key));
    html! {
        @if frame.may(RequiredScope::OAUTH_APPS_ADMIN) {
            @let place = AppsPlace::Project(page.project.id);
            p { "Before anybody can connect, it needs an OAuth app. You can set one for this project:" }
            p.actions {
                a.button.primary href=(frame.addresses.oauth_app(place, provider.key.as_str())) { "Set the OAuth app" }
            }
            p.divided { "Or the operator of this server registers an app at " (provider.name) " for everybody:" }
        } @else {
            p {
                "Before anybody can connect, it needs an OAuth app. An admin of " (page.project.names.organization)
                " sets one on the page OAuth apps, or the operator of this server registers one at " (provider.name)
                " for everybody:"
            }
        }
        ol.steps {
            li {
                "Register an app"
                @if let Some(page) = app_page { " " (away(page.as_str(), &format!("at {}", provider.name))) }
                ", with this redirect address:"
                (copied("redirect", &frame.addresses.callback()))
            }
            li {
                "Store its client id and secret. The command reads the secret from standard input"
                @if frame.operator.need_environment {
                    ", and needs the server's " code { "DATABASE_URL" } " and " code { "RIQ_ENCRYPTION_KEYS" }
                }
                ":" (copied("command", &command))
            }
        }
    }
}
