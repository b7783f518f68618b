//! The fields of an API key: its name, what it may do, where and how long.

use integrations_core::{
    name::MAX_NAME,
    scope::{Scope, agent_warning},
    tier::Tier,
};
use maud::{Markup, html};

use super::{
    field::{Field, Presence, Text, group},
    parts::{Tone, notice},
    provider_page::RefusedForm,
};
use crate::{
    dashboard::{
        key_form::{Binding, Choices, Life, PROJECT, SCOPE},
        scopes::covers,
    },
    store::{ApiKeyRecord, ProjectRecord},
};

/// What the fields hold: what was typed, or else what is stored. At first only the scope to read everything is ticked.
#[derive(Clone, Copy, Debug)]
pub(super) struct Values<'a> {
    /// The form, if it was just refused.
    pub(super) typed: Option<&'a RefusedForm>,
    /// The key, if there is one.
    pub(super) stored: Option<&'a ApiKeyRecord>,
}

impl Values<'_> {
    fn problem(&self, field: &str) -> Option<&str> {
        self.typed.and_then(|refused| refused.problem(field))
    }

    fn value<'v>(&'v self, field: &str, stored: Option<&'v str>) -> &'v str {
        match self.typed {
            Some(refused) => refused.typed.get(field).unwrap_or_default(),
            None => stored.unwrap_or_default(),
        }
    }

    fn has_scope(&self, scope: &str) -> bool {
        match (self.typed, self.stored) {
            (Some(refused), _) => refused.typed.is_ticked(&format!("{SCOPE}{scope}")),
            (None, Some(key)) => key.scopes.iter().any(|held| held == scope),
            (None, None) => scope == "read",
        }
    }

    fn has_project(&self, project: &str) -> bool {
        match (self.typed, self.stored) {
            (Some(refused), _) => refused.typed.is_ticked(&format!("{PROJECT}{project}")),
            (None, key) => key.is_some_and(|key| is_bound_to(key, project)),
        }
    }
}

fn is_bound_to(key: &ApiKeyRecord, project: &str) -> bool {
    key.project_ids.as_ref().is_some_and(|ids| ids.iter().any(|id| id == project))
}

/// The field for the name.
pub(super) fn name(values: &Values<'_>) -> Markup {
    let field = Field {
        name: "name",
        label: "Name",
        help: Some("What it is for: the program or the person that gets it."),
        problem: values.problem("name"),
        presence: Presence::Required,
    };
    let value = values.value("name", values.stored.map(|key| key.name.as_str()));
    field.text(&Text { value, longest: Some(MAX_NAME as u64), ..Text::default() })
}

/// The boxes for the scopes. One that the key has and who looks cannot grant is shown, so that it is not taken away
/// unseen.
pub(super) fn scopes(values: &Values<'_>, choices: &Choices) -> Markup {
    let offered: Vec<String> = choices.scopes.iter().map(ToString::to_string).collect();
    let held = values.stored.into_iter().flat_map(|key| &key.scopes).filter(|held| !offered.contains(held));
    let boxes = html! {
        @for scope in offered.iter().chain(held) {
            @let name = format!("{SCOPE}{scope}");
            @let words = scope.parse().ok().and_then(covers);
            (Field {
                name: &name,
                label: scope,
                help: words,
                problem: None,
                presence: Presence::Free,
            }.tick(values.has_scope(scope), &html! {}))
        }
    };
    group("scopes", "It may", values.problem("scopes"), &boxes)
}

/// What to know of a key that can do too much for an agent.
pub(super) fn agent_notice(key: &ApiKeyRecord) -> Markup {
    let scopes: Vec<Scope> = key.scopes.iter().filter_map(|scope| scope.parse().ok()).collect();
    html! {
        @if let Some(warning) = agent_warning(&scopes) {
            (notice(Tone::Warn, &html! { p { strong { "Not for an agent: " } (warning) "." } }))
        }
    }
}

/// Where the key works.
pub(super) fn projects(values: &Values<'_>, choices: &Choices, all: &[ProjectRecord]) -> Markup {
    let field = Field {
        name: "reach",
        label: "Where it works",
        help: None,
        problem: values.problem("reach"),
        presence: Presence::Required,
    };
    let stored = values.stored.map(|key| match key.project_ids {
        None => Binding::All.as_str(),
        Some(_) => Binding::Ticked.as_str(),
    });
    let every = choices.offers_all.then_some((Binding::All.as_str(), "In all projects, later ones too"));
    let ticked = (Binding::Ticked.as_str(), "In the projects that are ticked below, and nowhere else");
    let options = std::iter::once(("", "Choose…")).chain(every).chain([ticked]);
    // A key stays bound to a project that is archived, which may come back.
    let is_shown = |project: &&ProjectRecord| {
        project.revoked_at.is_none() || values.stored.is_some_and(|key| is_bound_to(key, &project.id))
    };
    let boxes = html! {
        @for project in all.iter().filter(is_shown) {
            @let name = format!("{PROJECT}{}", project.id);
            @let marks = html! { @if project.revoked_at.is_some() { " " span.optional { "archived" } } };
            (Field { name: &name, label: &project.name, help: None, problem: None, presence: Presence::Free }
                .tick(values.has_project(&project.id), &marks))
        }
    };
    html! {
        (field.choice(values.value("reach", stored), options))
        (group("project_ids", "Projects", values.problem("project_ids"), &boxes))
    }
}

/// How often the key may be used. At first as little as there is.
pub(super) fn tier(values: &Values<'_>, choices: &Choices) -> Markup {
    let field = Field {
        name: "tier",
        label: "Requests",
        help: None,
        problem: values.problem("tier"),
        presence: Presence::Required,
    };
    let words = |tier: Tier| format!("{tier}: up to {} a minute", tier.limit());
    let stored = values.stored.map(|key| key.tier.as_str());
    let mut offered: Vec<(&str, String)> =
        choices.tiers.iter().map(|tier| (tier.as_str(), words(*tier))).collect();
    // A tier that is higher than one's own stays as it is.
    if let Some(tier) = stored.filter(|stored| offered.iter().all(|(tier, _)| tier != stored)) {
        offered.push((tier, tier.to_owned()));
    }
    let value = values.value("tier", stored.or(Some(Tier::Starter.as_str())));
    field.choice(value, offered.iter().map(|(tier, words)| (*tier, words.as_str())))
}

/// How long the key works: from now on, or as it is.
pub(super) fn life(values: &Values<'_>, choices: &Choices) -> Markup {
    let (label, first, help) = match values.stored {
        None => ("For", "Choose…", None),
        Some(_) => (
            "End",
            "As it is",
            Some("A new end counts from now. A key that gets more rights ends with yours."),
        ),
    };
    let field = Field {
        name: "life",
        label,
        help: help.filter(|_| choices.is_limited),
        problem: values.problem("life"),
        presence: Presence::Required,
    };
    let lives = choices.lives.iter().map(|life| (life.as_str(), life_words(*life, choices.is_limited)));
    field.choice(values.value("life", None), std::iter::once(("", first)).chain(lives))
}

const fn life_words(life: Life, is_limited: bool) -> &'static str {
    match life {
        Life::Week => "7 days",
        Life::Month => "30 days",
        Life::Quarter => "90 days",
        Life::Year => "1 year",
        Life::Longest if is_limited => "As long as yours",
        Life::Longest => "No end",
    }
}
