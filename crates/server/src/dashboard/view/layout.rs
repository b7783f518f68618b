//! The layout of every page around its content.

use integrations_core::{
    ids::{OrganizationId, ProjectId},
    picture::Picture,
    scope::RequiredScope,
};
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::{
    frame::{Face, Frame},
    parts::{Tone, csrf, notice},
};
use crate::{
    dashboard::{
        addresses::AppsPlace,
        assets::{ICON, SCRIPT, STYLE},
        brand_style,
    },
    edge::brand::Look,
    services::install::Return,
    store::ProjectNames,
};

/// The project that a page is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Project<'a> {
    /// Its id.
    pub(crate) id: ProjectId,
    /// How many calls wait for a person. `None`: the visitor may not see them, or the page does not say.
    pub(crate) pending: Option<u64>,
    /// Its name and its organization's.
    pub(crate) names: &'a ProjectNames,
}

/// The section of a project that a page is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Section {
    /// The list of its integrations.
    Integrations,
    /// One of them.
    Integration,
    /// The list of its runs.
    Runs,
    /// One of them.
    Run,
    /// What waits for a person.
    Approvals,
    /// One call of that.
    Approval,
    /// The list of its webhooks.
    Webhooks,
    /// One of them.
    Webhook,
    /// Its install links.
    InstallLinks,
    /// Its audit log.
    Audit,
    /// The list of its OAuth apps.
    OauthApps,
    /// One of them.
    OauthApp,
    /// What it is called, and its archiving.
    Settings,
}

/// The organization that a page is about.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Organization<'a> {
    /// Its id.
    pub(crate) id: OrganizationId,
    /// Its name.
    pub(crate) name: &'a str,
}

/// The section of an organization that a page is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OrganizationSection {
    /// The list of its projects.
    Projects,
    /// One of them.
    Project,
    /// The list of its API keys.
    Keys,
    /// One of them.
    Key,
    /// The list of its OAuth apps.
    OauthApps,
    /// One of them.
    OauthApp,
}

/// The value of `aria-current` of a link to a list, for a page in the section `here`.
fn current<S: PartialEq>(here: S, list: S, one: S) -> Option<&'static str> {
    match here {
        _ if here == list => Some("page"),
        _ if here == one => Some("true"),
        _ => None,
    }
}

/// A link in a bar: what it is, where it leads, and the value of `aria-current` if the page is there.
type Tab = (&'static str, String, Option<&'static str>);

/// What pages for customers are called if nobody has set a name.
const NEUTRAL: &str = "Integrations";

/// The link to what waits for a person.
const APPROVALS: &str = "Approvals";

/// The logo before the name: a plug.
const MARK: &str = r#"<svg class="mark" viewBox="0 0 24 24" width="24" height="24" aria-hidden="true" focusable="false"><rect width="24" height="24" rx="6"/><path d="M9.5 7.5v3m5-3v3M7.5 10.5h9v1.7a4.5 4.5 0 0 1-9 0zm4.5 6.2v2.8"/></svg>"#;

/// A page. `title` is for the browser's tab, `above` is between header and content, and `content` has the only `h1`.
pub(crate) fn page(frame: &Frame<'_>, title: &str, above: &Markup, content: &Markup) -> Markup {
    document(
        frame,
        title,
        None,
        &html! {
            (header(frame))
            (above)
            @if frame.is_quiet && frame.who.is_some() { (quiet(frame)) }
            main #content tabindex="-1" { (content) }
        },
    )
}

/// What is said above every page while the server runs on what may be a copy of its database.
fn quiet(frame: &Frame<'_>) -> Markup {
    html! {
        (notice(Tone::Warn, &html! {
            strong { "This database was restored or copied. " }
            "Tokens that work once are not renewed, nothing is revoked, and webhooks are not sent, because another \
             server may still use the same credentials. If this server is the one that goes on, its operator runs: "
            code { (frame.operator.admin("resume")) }
        }))
    }
}

/// A page from which the browser goes on to `address` by itself.
pub(crate) fn leaving_page(frame: &Frame<'_>, title: &str, address: &str, content: &Markup) -> Markup {
    refreshed_page(frame, title, &format!("0;url={address}"), content)
}

/// A page with the end of an installation that a product asked for. It tells the window that opened it, and if
/// `goes_on`, the browser goes back to the product by itself.
pub(crate) fn returning_page(
    frame: &Frame<'_>,
    title: &str,
    back: &Return,
    goes_on: bool,
    content: &Markup,
) -> Markup {
    let refresh = goes_on.then(|| format!("0;url={}", back.address));
    document(
        frame,
        title,
        refresh.as_deref(),
        &html! {
            (header(frame))
            main #content tabindex="-1" data-result=(back.message) data-origin=(back.origin) { (content) }
        },
    )
}

/// A page that the browser loads again after two seconds.
pub(crate) fn waiting_page(frame: &Frame<'_>, title: &str, content: &Markup) -> Markup {
    refreshed_page(frame, title, "2", content)
}

fn refreshed_page(frame: &Frame<'_>, title: &str, refresh: &str, content: &Markup) -> Markup {
    document(
        frame,
        title,
        Some(refresh),
        &html! {
            (header(frame))
            main #content tabindex="-1" { (content) }
        },
    )
}

fn document(frame: &Frame<'_>, title: &str, refresh: Option<&str>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="robots" content="noindex";
                @if let Some(refresh) = refresh { meta http-equiv="refresh" content=(refresh); }
                title { (title) " · " (site(frame)) }
                link rel="icon" type="image/svg+xml" href=(frame.addresses.asset(&ICON));
                link rel="stylesheet" href=(frame.addresses.asset(&STYLE));
                @if let Face::Customer(Look { accent: Some(accent), .. }) = frame.face {
                    link rel="stylesheet" href=(frame.addresses.asset_named(&brand_style::name(*accent)));
                }
                script src=(frame.addresses.asset(&SCRIPT)) defer {}
            }
            body {
                a.skip href="#content" { "Skip to the content" }
                (body)
                @if let Face::Customer(Look { support: Some(support), .. }) = frame.face {
                    footer.support { "Questions? " a href=(support.address()) { (support.as_str()) } }
                }
            }
        }
    }
}

/// What the pages are called.
fn site<'a>(frame: &Frame<'a>) -> &'a str {
    match frame.face {
        Face::Dashboard => "RogerIQ Integrations",
        Face::Customer(look) => look.name.as_deref().unwrap_or(NEUTRAL),
    }
}

/// Whose page it is: a logo, or else a name.
fn brand(frame: &Frame<'_>, look: &Look) -> Markup {
    let address = |picture: &Picture| frame.addresses.asset_named(&picture.name);
    html! {
        span.brand {
            @if let Some(logo) = &look.logo {
                picture {
                    @if let Some(dark) = &logo.dark { source media="(prefers-color-scheme:dark)" srcset=(address(dark)); }
                    img.logo src=(address(&logo.light)) alt=(site(frame));
                }
            } @else {
                (PreEscaped(MARK)) span { (site(frame)) }
            }
        }
    }
}

/// The bar above the content of a project's page: where the person is, and the project's pages.
pub(crate) fn project_bar(frame: &Frame<'_>, project: &Project<'_>, here: Section) -> Markup {
    let list = current(here, Section::Integrations, Section::Integration);
    let at = |section| (here == section).then_some("page");
    let addresses = frame.addresses;
    let mut tabs: Vec<Tab> = vec![("Integrations", addresses.project(project.id), list)];
    if frame.may(RequiredScope::ACTIONS_READ) {
        tabs.push(("Runs", addresses.runs(project.id), current(here, Section::Runs, Section::Run)));
    }
    if frame.may(RequiredScope::APPROVALS_READ) {
        let current = current(here, Section::Approvals, Section::Approval);
        tabs.push((APPROVALS, addresses.approvals(project.id), current));
    }
    if frame.may(RequiredScope::WEBHOOKS_READ) {
        let current = current(here, Section::Webhooks, Section::Webhook);
        tabs.push(("Webhooks", addresses.webhooks(project.id), current));
    }
    if frame.may(RequiredScope::INTEGRATIONS_READ) {
        tabs.push(("Install links", addresses.install_links(project.id), at(Section::InstallLinks)));
    }
    if frame.may(RequiredScope::AUDIT_READ) {
        tabs.push(("Audit log", addresses.audit(project.id), at(Section::Audit)));
    }
    if frame.may(RequiredScope::OAUTH_APPS_READ) {
        let current = current(here, Section::OauthApps, Section::OauthApp);
        tabs.push(("OAuth apps", addresses.oauth_apps(AppsPlace::Project(project.id)), current));
    }
    if let Some(organization) = frame.organization.filter(|_| frame.may(RequiredScope::PROJECTS_READ)) {
        let settings = addresses.project_settings(organization, project.id);
        tabs.push(("Settings", settings, at(Section::Settings)));
    }
    let crumbs = [
        (project.names.organization.as_str(), addresses.home()),
        (project.names.project.as_str(), addresses.project(project.id)),
    ];
    bar("Project", &crumbs, &tabs, project.pending.filter(|pending| *pending > 0))
}

/// The bar above the content of an organization's page: where the person is, and the organization's pages.
pub(crate) fn organization_bar(
    frame: &Frame<'_>,
    organization: &Organization<'_>,
    here: OrganizationSection,
) -> Markup {
    let at = |list, one| current(here, list, one);
    let (id, addresses) = (organization.id, frame.addresses);
    let mut tabs: Vec<Tab> = Vec::new();
    if frame.may(RequiredScope::PROJECTS_READ) {
        let current = at(OrganizationSection::Projects, OrganizationSection::Project);
        tabs.push(("Projects", addresses.projects(id), current));
    }
    if frame.may(RequiredScope::KEYS_READ) {
        let current = at(OrganizationSection::Keys, OrganizationSection::Key);
        tabs.push(("API keys", addresses.keys(id), current));
    }
    if frame.may_in_whole_organization(RequiredScope::OAUTH_APPS_READ) {
        let current = at(OrganizationSection::OauthApps, OrganizationSection::OauthApp);
        tabs.push(("OAuth apps", addresses.oauth_apps(AppsPlace::Organization(id)), current));
    }
    bar("Organization", &[(organization.name, addresses.home())], &tabs, None)
}

/// A bar. `pending` is how many calls wait for a person, which stands beside the way to them.
fn bar(what: &str, crumbs: &[(&str, String)], tabs: &[Tab], pending: Option<u64>) -> Markup {
    html! {
        div.bar {
            nav.crumbs aria-label="Where you are" {
                ol { @for (name, address) in crumbs { li { a href=(address) { (name) } } } }
            }
            nav.tabs aria-label=(what) {
                @for (label, address, current) in tabs {
                    a href=(address) aria-current=[*current] {
                        (label)
                        @if let Some(pending) = pending.filter(|_| *label == APPROVALS) {
                            " " span.waiting { (pending) span.visually-hidden { " waiting" } }
                        }
                    }
                }
            }
        }
    }
}

fn header(frame: &Frame<'_>) -> Markup {
    html! {
        header.top {
            @if let Face::Customer(look) = frame.face { (brand(frame, look)) } @else {
            a.brand href=(frame.addresses.home()) { (PreEscaped(MARK)) span { "RogerIQ " span.product { "Integrations" } } }
            }
            @if let Some(who) = frame.who {
                div.who {
                    span.key {
                        span.visually-hidden { "Signed in as " }
                        span.key-name { (who.name) }
                        code { (who.detail) }
                    }
                    @if frame.is_person { a href=(frame.addresses.organizations()) { "Organizations" } }
                    form method="post" action=(frame.addresses.sign_out()) {
                        (csrf(frame))
                        button.quiet type="submit" { "Sign out" }
                    }
                }
            }
        }
    }
}
