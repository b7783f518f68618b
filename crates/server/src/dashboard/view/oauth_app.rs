//! The OAuth app of a provider: which one counts, what to register, the form to set it, the check and the removal.

use integrations_core::{
    catalog::{self, AddressOf, OAuth, Provider},
    scope::RequiredScope,
};
use maud::{Markup, html};

use super::{
    connect::{connection_name, open_field},
    field::{Field, Presence, Text},
    frame::Frame,
    layout,
    moment::moment,
    oauth_apps::{Owner, standing},
    parts::{Tone, away, copied, csrf, emblem, notice, part},
    provider_page::{Part, RefusedForm, refusal},
    words,
};
use crate::{
    dashboard::shown,
    edge::form::Form,
    services::{install::AppVerdict, oauth_apps::CurrentApp},
    store::AppOwner,
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct AppPage<'a> {
    /// Whose app.
    pub(crate) owner: Owner<'a>,
    /// The provider.
    pub(crate) provider: &'a Provider,
    /// What its file says of OAuth.
    pub(crate) oauth: &'a OAuth,
    /// The app that counts.
    pub(crate) current: &'a CurrentApp,
    /// What was just done or refused.
    pub(crate) news: News<'a>,
}

/// What was just done or refused.
#[derive(Clone, Copy, Debug)]
pub(crate) enum News<'a> {
    /// Nothing.
    Nothing,
    /// Something was done: the message.
    Done(&'static str),
    /// A form was refused.
    Refused(&'a RefusedForm),
    /// The app was checked, with what was typed for it.
    Checked(&'a AppVerdict, &'a Form),
}

impl AppPage<'_> {
    /// Whether the app that counts is the owner's own.
    fn has_own(&self) -> bool {
        self.owner.has(self.current, self.provider)
    }

    /// The scopes to register: those of the own app, if there is one, else the usual ones.
    fn scopes(&self) -> &[String] {
        if self.has_own() { self.current.scopes(self.oauth) } else { &self.oauth.scopes }
    }

    fn refused_in(&self, part: Part) -> Option<&RefusedForm> {
        match self.news {
            News::Refused(refused) if refused.part == part && !refused.is_outdated => Some(refused),
            _ => None,
        }
    }

    fn to(&self, frame: &Frame<'_>, action: &str) -> String {
        frame.addresses.to_oauth_app(self.owner.place(), self.provider.key.as_str(), action)
    }
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let may_change = frame.may(RequiredScope::OAUTH_APPS_ADMIN);
    let content = html! {
        (news(page))
        (head(frame, page))
        (now(frame, page))
        (registration(frame, page))
        @if may_change {
            (form(frame, page))
            @if page.current.owner().is_some() { (check(frame, page)) }
            @if page.has_own() { (removal_part(frame, page)) }
        }
    };
    let title = format!("OAuth app of {}", page.provider.name);
    layout::page(frame, &title, &page.owner.bar_of_one(frame), &content)
}

fn news(page: &AppPage<'_>) -> Markup {
    match page.news {
        News::Nothing => html! {},
        News::Done(words) => notice(Tone::Good, &html! { p { (words) } }),
        News::Refused(refused) => refusal(refused),
        News::Checked(verdict, _) => {
            let (tone, title) = match verdict {
                AppVerdict::Accepted(_) => (Tone::Good, "The check succeeded"),
                AppVerdict::Refused(..) => (Tone::Bad, "The check failed"),
                AppVerdict::Failed(_) | AppVerdict::NoAnswer(_) => (Tone::Warn, "The check proves nothing"),
            };
            notice(
                tone,
                &html! {
                    p { strong { (title) } }
                    p {
                        (verdict.words(&page.provider.name))
                        @if let Some(status) = verdict.status() { " It answered with the status " (status) "." }
                    }
                },
            )
        }
    }
}

fn head(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let provider = page.provider;
    html! {
        div.head.with-mark {
            (emblem(frame, provider))
            div {
                p.eyebrow { (page.owner.name()) " · " (words::category(provider.category)) }
                div.title-line { h1 { "OAuth app of " (provider.name) } (standing(&page.owner, provider, page.current)) }
            }
        }
    }
}

/// The part that says which app counts.
fn now(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let name = &page.provider.name;
    let app = page.current;
    let card = html! {
        p.meaning {
            @match (app.owner(), &page.owner) {
                (None, _) if !page.oauth.services.is_empty() => {
                    "There is no app of " (name) ". Its services can be connected with one each."
                },
                (None, _) => { "There is no app, so nobody can connect " (name) " here." },
                (Some(_), _) if app.is_shared(page.provider) => {
                    "The app of " (base_name(page)) " counts here, which " (name) " shares with other services."
                },
                (Some(_), Owner::Project(..)) if page.has_own() => {
                    "The project has an app of its own. It comes before all others."
                },
                (Some(_), Owner::Organization(..)) if page.has_own() => {
                    "The organization has an app of its own, for all projects that have none."
                },
                (Some(AppOwner::All), _) => { "The app of this server's operator counts here." },
                (Some(_), _) => { "The app of " (page.owner.organization()) " counts here." },
            }
        }
        @if let Some(base) = &page.oauth.base {
            p {
                a href=(frame.addresses.oauth_app(page.owner.place(), base.key.as_str())) { "The app of " (base.name) }
                @if !app.is_shared(page.provider) { " can be set once for all of its services." }
            }
        }
        @if !page.oauth.services.is_empty() {
            p { "It is for: " (service_names(page.oauth)) "." }
        }
        @if let (Some(place), false) = (page.owner.of_organization(frame), page.has_own()) {
            p { a href=(frame.addresses.oauth_app(place, page.provider.key.as_str())) { "The app of " (page.owner.organization()) } }
        }
        @if app.client_id().is_some() || app.updated_at().is_some() {
            dl.facts {
                @if let Some(client_id) = app.client_id() { div { dt { "Client id" } dd { code { (client_id) } } } }
                @for field in &page.oauth.app_fields {
                    @if let Some(value) = app.field(&field.key) { div { dt { (field.label) } dd { code { (value) } } } }
                }
                @if let Some(at) = app.updated_at() { div { dt { "Set" } dd { (moment(frame, at)) } } }
            }
        }
        @if app.own_scopes().is_some() && !page.has_own() {
            p.help { "It asks for scopes of its own:" }
            (scope_list(app.scopes(page.oauth)))
        }
        @if !frame.may(RequiredScope::OAUTH_APPS_ADMIN) {
            p.help { "Your role does not allow you to change this." }
        }
    };
    part(
        "now",
        "Which app counts",
        &html! { p { "The nearest app: the project's, the organization's, or the operator's." } },
        &card,
    )
}

fn base_name<'p>(page: &'p AppPage<'_>) -> &'p str {
    page.oauth.base.as_ref().map_or(page.provider.name.as_str(), |base| base.name.as_str())
}

fn service_names(oauth: &OAuth) -> String {
    oauth.services.iter().map(|service| service.name.as_str()).collect::<Vec<_>>().join(", ")
}

fn scope_list(scopes: &[String]) -> Markup {
    html! {
        @if scopes.is_empty() { p { "None." } }
        @else { ul.scope-list { @for scope in scopes { li { code { (scope) } } } } }
    }
}

/// The part with what has to be registered at the provider.
fn registration(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let name = &page.provider.name;
    let joined = |scopes: &[String]| scopes.join(page.oauth.scope_separator.as_str());
    let about = html! {
        p { "What " (name) " has to know of the app." }
        @if let Some(address) = &page.oauth.app_page {
            p { (away(address.as_str(), &format!("Register an app at {}", base_name(page)))) }
        }
    };
    let card = html! {
        p { "Redirect address, exactly as it stands:" }
        (copied("redirect", &frame.addresses.callback()))
        div.divided {
            @if !page.oauth.services.is_empty() {
                p { "Scopes to allow: those that the pages of its services name." }
            } @else if page.scopes().is_empty() {
                p { "Scopes: none are asked for." }
            } @else {
                p { "Scopes to allow:" }
                (copied("scopes-to-register", &joined(page.scopes())))
            }
        }
        @if page.has_own() && page.provider.events().is_some_and(|events| events.address == AddressOf::App) {
            div.divided {
                p { "Its events come to one address:" }
                p { a href=(page.to(frame, "events")) { "Events from " (name) } }
            }
        }
        @for extra in &page.oauth.extra_scopes {
            div.divided {
                p { "Asked for as " code { (extra.param) } ", where an account has them:" }
                (copied(&format!("scopes-{}", extra.param), &joined(&extra.scopes)))
            }
        }
        @if page.has_own() && page.current.own_scopes().is_some() {
            div.divided {
                p.help { "The usual scopes of " (name) " are others:" }
                (scope_list(&page.oauth.scopes))
            }
        }
    };
    part("registration", "Register it", &about, &card)
}

/// The part with the form that sets the app.
fn form(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let has_own = page.has_own();
    let about = html! {
        p { "For " (page.owner.words()) ". What is connected keeps what was granted to it." }
    };
    let address = frame.addresses.oauth_app(page.owner.place(), page.provider.key.as_str());
    let card = html! {
        form method="post" action=(address) data-once {
            (csrf(frame))
            input type="hidden" name="shown" value=(shown::of_app(page.current));
            (credentials(page))
            @for field in &page.oauth.app_fields { (app_field(page, field)) }
            @if page.oauth.services.is_empty() { (scopes(page)) }
            div.actions.foot { button.primary type="submit" { "Save the app" } }
        }
    };
    part("app", if has_own { "Replace it" } else { "Set an app" }, &about, &card)
}

/// The fields of client id and secret.
fn credentials(page: &AppPage<'_>) -> Markup {
    let refused = page.refused_in(Part::OauthApp);
    let problem = |name: &str| refused.and_then(|refused| refused.problem(name));
    let has_own = page.has_own();
    let client_id = Field {
        name: "client_id",
        label: "Client id",
        help: has_own.then_some(
            "Another client id is another app: the tokens of what is connected can then not be renewed, and it has \
             to be connected again.",
        ),
        problem: problem("client_id"),
        presence: Presence::Required,
    };
    let own_id = page.current.client_id().filter(|_| has_own).unwrap_or_default();
    let value = refused.map_or(own_id, |refused| refused.typed.get("client_id").unwrap_or_default());
    let secret = Field {
        name: "client_secret",
        label: "Client secret",
        help: Some(if has_own {
            "Leave it empty to keep the stored one, if the client id stays the same. It is never shown."
        } else {
            "It is stored encrypted, and never shown again."
        }),
        problem: problem("client_secret"),
        presence: if has_own { Presence::Free } else { Presence::Required },
    };
    html! {
        (client_id.text(&Text { value, ..Text::default() }))
        (secret.secret())
    }
}

/// A field that apps of this provider have beside.
fn app_field(page: &AppPage<'_>, field: &catalog::Field) -> Markup {
    let refused = page.refused_in(Part::OauthApp);
    let name = format!("fields.{}", field.key);
    let stored = page.current.field(&field.key).filter(|_| page.has_own()).unwrap_or_default();
    let value = refused.map_or(stored, |refused| refused.typed.get(&name).unwrap_or_default());
    open_field(&name, field, value, refused.and_then(|refused| refused.problem(&name)))
}

/// The field of the scopes, and the way back to the usual ones.
fn scopes(page: &AppPage<'_>) -> Markup {
    let refused = page.refused_in(Part::OauthApp);
    let help = format!(
        "One on each line. The app asks for these: take some of the usual ones of {} out, or add others. If none is \
         left, it asks for none.",
        page.provider.name
    );
    let field = Field {
        name: "scopes",
        label: "Scopes",
        help: Some(&help),
        problem: refused.and_then(|refused| refused.problem("scopes")),
        presence: Presence::Free,
    };
    let stored = page.scopes().join("\n");
    let listed = refused.map_or(stored.as_str(), |refused| refused.typed.get("scopes").unwrap_or_default());
    let is_usual = refused.is_some_and(|refused| refused.typed.is_ticked("usual_scopes"));
    html! {
        (field.lines(listed, 6))
        @if page.has_own() && page.current.own_scopes().is_some() {
            div.secret-state {
                label.tick for="usual_scopes" {
                    input type="checkbox" id="usual_scopes" name="usual_scopes" value="on" checked[is_usual];
                    "Take the usual ones again"
                }
            }
        }
    }
}

/// The part with the check.
fn check(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let name = &page.provider.name;
    let refused = page.refused_in(Part::OauthAppCheck);
    let typed = match page.news {
        News::Checked(_, typed) => Some(typed),
        _ => refused.map(|refused| &refused.typed),
    };
    let about = html! { p { "Asks " (name) " as an installation would, up to where a person signs in." } };
    let card = html! {
        form method="post" action=(page.to(frame, "check")) data-once {
            (csrf(frame))
            p {
                "Tries the app that counts here. Many providers judge it only after a person has signed in: connect an \
                 account to be sure."
            }
            @for field in &page.provider.connection {
                @let name = connection_name(field);
                @let value = typed.and_then(|typed| typed.get(&name)).unwrap_or_default();
                (open_field(&name, field, value, refused.and_then(|refused| refused.problem(&name))))
            }
            div.actions.foot { button type="submit" { "Check the app" } }
        }
    };
    part("check", "Check it", &about, &card)
}

fn removal_part(frame: &Frame<'_>, page: &AppPage<'_>) -> Markup {
    let about = html! { p { "Ends its use here." } };
    let card = html! {
        div.aside-action {
            p { "Destroys the stored client secret. Tokens that came from it are no longer renewed." }
            a.button.danger href=(page.to(frame, "remove")) { "Remove the app…" }
        }
    };
    part("removal", "Remove it", &about, &card)
}

/// An app that may be removed, and what that does.
#[derive(Debug)]
pub(crate) struct Removal<'a> {
    /// Whose app.
    pub(crate) owner: Owner<'a>,
    /// The provider.
    pub(crate) provider: &'a Provider,
    /// Its client id.
    pub(crate) client_id: &'a str,
    /// The app that counts afterwards.
    pub(crate) next: &'a CurrentApp,
    /// How many integrations use it.
    pub(crate) served: u64,
}

/// Asks before it removes.
pub(crate) fn removal(frame: &Frame<'_>, removal: &Removal<'_>) -> Markup {
    let (name, key) = (&removal.provider.name, removal.provider.key.as_str());
    let content = html! {
        div.narrow {
            div.card {
                h1 { "Remove the OAuth app of " (name) "?" }
                dl.facts {
                    div { dt { "For" } dd { (removal.owner.name()) } }
                    div { dt { "Client id" } dd { code { (removal.client_id) } } }
                }
                ul.consequences {
                    @match removal.served {
                        0 => li { "No integration uses it now." },
                        1 => li { strong { "One integration uses it." } " It works for as long as its access token does. \
                                  Then it has to be connected again." },
                        many => li { strong { (many) " integrations use it." } " They work for as long as their access \
                                     tokens do. Then each has to be connected again." },
                    }
                    @match removal.next.owner() {
                        None => li { "After that there is no app, so nobody can connect " (name) " here." },
                        Some(AppOwner::All) => li { "After that the operator's app counts, for what is connected then." },
                        Some(_) => li {
                            "After that the app of " (removal.owner.organization()) " counts, for what is connected then."
                        },
                    }
                    li { "The stored client secret is destroyed." }
                }
                div.trouble.warn {
                    p { strong { "Nothing is changed at " (name) ". " } "If the secret is known to others, end it there as well." }
                }
                form.actions.foot method="post" action=(frame.addresses.to_oauth_app(removal.owner.place(), key, "remove")) data-once {
                    (csrf(frame))
                    button.danger type="submit" { "Remove" }
                    a.button.quiet href=(frame.addresses.oauth_app(removal.owner.place(), key)) { "Keep it" }
                }
            }
        }
    };
    let title = format!("Remove the OAuth app of {name}");
    layout::page(frame, &title, &removal.owner.bar_of_one(frame), &content)
}
