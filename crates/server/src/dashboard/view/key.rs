//! An API key: what it may do, and its change, rotation and revocation.

use integrations_core::{ids::ApiKeyId, scope::RequiredScope};
use maud::{Markup, html};
use time::OffsetDateTime;

use super::{
    field::{Field, Presence},
    frame::Frame,
    key_form::{self, Values},
    keys::{Names, end, has_ended, last_use},
    layout::{self, Organization, OrganizationSection},
    moment::moment,
    parts::{Tone, csrf, notice, part, pill},
    provider_page::{RefusedForm, refusal},
    words,
};
use crate::{
    dashboard::{
        flash::OwnedFlash,
        key_form::{Choices, Overlap},
        shown,
    },
    store::ApiKeyRecord,
};

/// What the page shows.
#[derive(Debug)]
pub(crate) struct KeyPage<'a> {
    /// Whose key it is.
    pub(crate) organization: Organization<'a>,
    /// Its id.
    pub(crate) id: ApiKeyId,
    /// The key.
    pub(crate) key: &'a ApiKeyRecord,
    /// The names of what it names.
    pub(crate) names: &'a Names<'a>,
    /// What a form can offer.
    pub(crate) choices: &'a Choices,
    /// Whether it acts for somebody else, who alone can change its rights and rotate it.
    pub(crate) is_of_other: bool,
    /// Whether the session acts as this key.
    pub(crate) is_own: bool,
    /// When it is shown.
    pub(crate) now: OffsetDateTime,
    /// What was just done.
    pub(crate) flash: Option<OwnedFlash>,
    /// The form, if one was just refused.
    pub(crate) refused: Option<&'a RefusedForm>,
}

impl KeyPage<'_> {
    fn to(&self, frame: &Frame<'_>, action: &str) -> String {
        frame.addresses.to_key(self.organization.id, self.id, action)
    }

    fn bar(&self, frame: &Frame<'_>) -> Markup {
        layout::organization_bar(frame, &self.organization, OrganizationSection::Key)
    }
}

/// Renders it.
pub(crate) fn page(frame: &Frame<'_>, page: &KeyPage<'_>) -> Markup {
    let key = page.key;
    let may_change = frame.may(RequiredScope::KEYS_ADMIN) && !has_ended(key, page.now);
    let content = html! {
        @if let Some(refused) = page.refused {
            (refusal(refused))
        } @else if let Some(flash) = page.flash {
            (notice(Tone::Good, &html! { p { (flash.words()) } }))
        }
        div.head {
            div {
                p.eyebrow { "API key" }
                div.title-line {
                    h1 { (key.name) }
                    @if key.revoked_at.is_some() {
                        (pill(Tone::Calm, "Revoked"))
                    } @else if has_ended(key, page.now) {
                        (pill(Tone::Calm, "Expired"))
                    }
                }
                p.lead { code { (key.hint) "…" } " " code { (key.id) } }
            }
        }
        @if !has_ended(key, page.now) { (key_form::agent_notice(key)) }
        (part("facts", "Key", &html! {}, &facts(frame, page)))
        @if may_change {
            (part("rights", "Change", &about_change(), &change(frame, page)))
            @if !page.is_of_other { (part("rotation", "Rotate", &about_rotation(), &rotation(frame, page))) }
            (part("revocation", "Revoke", &html! { p { "For a key that is not needed any more." } }, &html! {
                div.aside-action {
                    p { "A revoked key stops within a second, for ever." }
                    a.button.danger href=(page.to(frame, "revoke")) { "Revoke…" }
                }
            }))
        }
    };
    layout::page(frame, &key.name, &page.bar(frame), &content)
}

fn facts(frame: &Frame<'_>, page: &KeyPage<'_>) -> Markup {
    let (key, names) = (page.key, page.names);
    html! {
        dl.facts {
            div { dt { "Scopes" } dd { @for scope in &key.scopes { code { (scope) } " " } } }
            div { dt { "Projects" } dd { (names.places(key)) } }
            div { dt { "Tier" } dd { (key.tier) } }
            div { dt { "Use" } dd { (last_use(frame, key)) } }
            div { dt { "End" } dd { (end(frame, key, page.now)) } }
            div { dt { "Made" } dd { (moment(frame, key.created_at)) " by " (names.maker(key)) } }
            @if let Some(user) = &key.user_id { div { dt { "Acts for" } dd { (names.who(user)) } } }
            @if let Some(old) = &key.replaces { div { dt { "Replaces" } dd { (names.who(old)) " " code { (old) } } } }
        }
    }
}

fn about_change() -> Markup {
    html! { p { "Changed rights hold within a second. The key may do no more than you may." } }
}

fn change(frame: &Frame<'_>, page: &KeyPage<'_>) -> Markup {
    let typed = page.refused.filter(|refused| !refused.is_outdated);
    let values = Values { typed, stored: Some(page.key) };
    html! {
        form method="post" action=(frame.addresses.key(page.organization.id, page.id)) data-once {
            (csrf(frame))
            input type="hidden" name="shown" value=(shown::of_key(page.key));
            (key_form::name(&values))
            @if page.is_of_other {
                p.help { "It acts for a person. That person alone can change what it may do, and rotate it." }
            } @else {
                (key_form::scopes(&values, page.choices))
                (key_form::projects(&values, page.choices, page.names.projects))
                (key_form::life(&values, page.choices))
                (key_form::tier(&values, page.choices))
            }
            div.actions.foot { button.primary type="submit" { "Save" } }
        }
    }
}

fn about_rotation() -> Markup {
    html! {
        p { "A new key with the same rights takes its place." }
        p { "If the key leaked, let the old one stop at once. If programs run with it, give them time to change." }
    }
}

fn rotation(frame: &Frame<'_>, page: &KeyPage<'_>) -> Markup {
    let overlaps = Overlap::ALL
        .map(|overlap| (overlap.as_str(), words::overlap(overlap, "Not at all: it stops at once")));
    let field = Field {
        name: "overlap",
        label: "The old key works on",
        help: Some("A call that is repeated under the new key is a new call."),
        problem: None,
        presence: Presence::Required,
    };
    html! {
        form method="post" action=(page.to(frame, "rotate")) data-once {
            (csrf(frame))
            (field.choice(Overlap::Nothing.as_str(), overlaps))
            div.actions.foot { button type="submit" { "Rotate" } }
        }
    }
}

/// The page that asks before it revokes.
pub(crate) fn ask(frame: &Frame<'_>, page: &KeyPage<'_>) -> Markup {
    let title = format!("Revoke {}?", page.key.name);
    let content = html! {
        div.narrow {
            div.card {
                h1 { (title) }
                p { code { (page.key.hint) "…" } " " (last_use(frame, page.key)) "." }
                ul.consequences {
                    li { "Programs that use it are refused within a second." }
                    li { "What it connected stays connected. Links to connect something that it made stop working." }
                    li { "It cannot be brought back." }
                    @if page.is_own { li { "You are signed in with this key, so you are signed out." } }
                }
                form.actions.foot method="post" action=(page.to(frame, "revoke")) data-once {
                    (csrf(frame))
                    button.danger type="submit" { "Revoke" }
                    a.button.quiet href=(frame.addresses.key(page.organization.id, page.id)) { "Keep it" }
                }
            }
        }
    };
    layout::page(frame, &title, &page.bar(frame), &content)
}
