//! The forms of API keys, read as the API would be sent them.

use std::collections::BTreeSet;

use integrations_core::{
    issue::Issue,
    key_request::{KeyUpdate, NewKey},
    rights::Reach,
    scope::Scope,
    tier::Tier,
    words::words,
};
use serde_json::{Map, Value, json};
use time::{Duration, OffsetDateTime};

use super::{projects, scopes::covers};
use crate::{
    edge::{failure::Failure, form::Form},
    store::{ApiKeyRecord, Known},
};

/// The beginning of the names of the boxes for scopes.
pub(crate) const SCOPE: &str = "scope.";
/// The beginning of the names of the boxes for projects.
pub(crate) const PROJECT: &str = "project.";

words! {
    /// In which projects a key works.
    pub(crate) enum Binding {
        /// In all of the organization.
        All = "all",
        /// In those that are ticked.
        Ticked = "ticked",
    }
}

words! {
    /// How long a key works.
    pub(crate) enum Life {
        /// A week.
        Week = "7d",
        /// A month.
        Month = "30d",
        /// A quarter of a year.
        Quarter = "90d",
        /// A year.
        Year = "365d",
        /// As long as who grants it may.
        Longest = "longest",
    }
}

impl Life {
    /// When a key that begins at `now` ends. `None`: not by itself.
    pub(crate) fn end(self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let days = match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
            Self::Year => 365,
            Self::Longest => return None,
        };
        Some(now + Duration::days(days))
    }
}

words! {
    /// How long a rotated key works on.
    pub(crate) enum Overlap {
        /// Not at all.
        Nothing = "0",
        /// An hour.
        Hour = "1h",
        /// A day.
        Day = "1d",
        /// A week.
        Week = "7d",
        /// A month.
        Month = "30d",
    }
}

impl Overlap {
    /// How long that is.
    pub(crate) const fn duration(self) -> std::time::Duration {
        const HOUR: u64 = 60 * 60;
        let hours = match self {
            Self::Nothing => 0,
            Self::Hour => 1,
            Self::Day => 24,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
        };
        std::time::Duration::from_secs(hours * HOUR)
    }
}

/// What a form can offer: no more than who fills it in may grant. The service checks it again.
#[derive(Debug)]
pub(crate) struct Choices {
    /// The scopes.
    pub(crate) scopes: Vec<Scope>,
    /// Whether a key can be for all projects, later ones too.
    pub(crate) offers_all: bool,
    /// How often it may be used.
    pub(crate) tiers: Vec<Tier>,
    /// How long.
    pub(crate) lives: Vec<Life>,
    /// Whether the longest life ends, with the rights of who grants it.
    pub(crate) is_limited: bool,
}

impl Choices {
    /// The choices of somebody.
    pub(crate) fn new(who: &Known, now: OffsetDateTime) -> Self {
        let may_last = |life: &Life| match (life.end(now), who.expires_at) {
            (Some(end), Some(own)) => end <= own,
            _ => true,
        };
        Self {
            scopes: Scope::all()
                .filter(|scope| covers(*scope).is_some() && who.rights.hold(*scope))
                .collect(),
            offers_all: who.rights.reach == Reach::Organization,
            tiers: Tier::ALL.into_iter().filter(|tier| *tier <= who.tier).collect(),
            lives: Life::ALL.into_iter().filter(may_last).collect(),
            is_limited: who.expires_at.is_some(),
        }
    }
}

/// Reads the form for a new key. The inner error is what is wrong with which field.
pub(super) fn new(form: &Form, now: OffsetDateTime) -> Result<Result<NewKey, Vec<Issue>>, Failure> {
    let mut issues = Vec::new();
    let mut body = Map::new();
    body.insert("name".to_owned(), form.trimmed("name").into());
    body.insert("scopes".to_owned(), form.under(SCOPE).collect());
    body.insert("tier".to_owned(), form.trimmed("tier").into());
    match bound(form) {
        Ok(projects) => drop(body.insert("project_ids".to_owned(), projects)),
        Err(issue) => issues.push(issue),
    }
    let life = form.trimmed("life").parse::<Life>().ok();
    if life.is_none() {
        issues.push(Issue::new("life", "Choose how long"));
    }
    match NewKey::read(Value::Object(body).to_string().as_bytes()) {
        Ok(new) if issues.is_empty() => {
            Ok(Ok(NewKey { expires_at: life.and_then(|life| life.end(now)), ..new }))
        }
        Ok(_) => Ok(Err(issues)),
        Err(error) => {
            issues.extend(projects::issues(error)?);
            Ok(Err(issues))
        }
    }
}

/// Reads the form that changes a key, which has only a name if the key's rights are another person's. What is as it is
/// stored is not changed.
pub(super) fn update(
    form: &Form,
    stored: &ApiKeyRecord,
    now: OffsetDateTime,
) -> Result<Result<KeyUpdate, Vec<Issue>>, Failure> {
    let mut issues = Vec::new();
    let mut body = Map::new();
    if form.trimmed("name") != stored.name {
        body.insert("name".to_owned(), form.trimmed("name").into());
    }
    if form.get("reach").is_some() {
        let ticked: BTreeSet<&str> = form.under(SCOPE).collect();
        if ticked != stored.scopes.iter().map(String::as_str).collect() {
            body.insert("scopes".to_owned(), form.under(SCOPE).collect());
        }
        match bound(form) {
            Ok(projects) if projects == bound_before(stored) => {}
            Ok(projects) => drop(body.insert("project_ids".to_owned(), projects)),
            Err(issue) => issues.push(issue),
        }
        if form.trimmed("tier") != stored.tier {
            body.insert("tier".to_owned(), form.trimmed("tier").into());
        }
    }
    let expires_at = match form.get("life").filter(|life| !life.is_empty()).map(str::parse::<Life>) {
        None => None,
        Some(Ok(life)) => Some(life.end(now)),
        Some(Err(_)) => {
            issues.push(Issue::new("life", "Choose how long"));
            None
        }
    };
    let read = match body.is_empty() {
        true => Ok(KeyUpdate::default()),
        false => KeyUpdate::read(Value::Object(body).to_string().as_bytes()),
    };
    match read {
        Ok(update) if issues.is_empty() => Ok(Ok(KeyUpdate { expires_at, ..update })),
        Ok(_) => Ok(Err(issues)),
        Err(error) => {
            issues.extend(projects::issues(error)?);
            Ok(Err(issues))
        }
    }
}

/// The projects to which a form binds a key, sorted. `null`: all of the organization.
fn bound(form: &Form) -> Result<Value, Issue> {
    let problem = |message: &str| Issue::new("project_ids", message);
    let ticked: BTreeSet<&str> = form.under(PROJECT).collect();
    match form.trimmed("reach").parse::<Binding>() {
        Ok(Binding::All) if ticked.is_empty() => Ok(Value::Null),
        Ok(Binding::All) => Err(problem("Choose either all projects, or the ones that are ticked")),
        Ok(Binding::Ticked) if ticked.is_empty() => Err(problem("Tick at least one project")),
        Ok(Binding::Ticked) => Ok(json!(ticked)),
        Err(_) => Err(Issue::new("reach", "Choose where it works")),
    }
}

fn bound_before(stored: &ApiKeyRecord) -> Value {
    stored.project_ids.as_ref().map_or(Value::Null, |ids| json!(ids.iter().collect::<BTreeSet<_>>()))
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::ProjectId;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-05-17 12:00:00 UTC);

    fn wrong<T: std::fmt::Debug>(read: Result<Result<T, Vec<Issue>>, Failure>) -> Vec<String> {
        read.unwrap().unwrap_err().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn nothing_is_chosen_for_who_chooses_nothing() {
        assert_eq!(
            wrong(new(&Form::from([("name", " "), ("tier", "starter")]), NOW)),
            [
                "reach: Choose where it works",
                "life: Choose how long",
                "name: Must not be blank",
                "scopes: Must name at least one scope",
            ]
        );
        let both = [
            ("name", "a"),
            ("scope.read", "on"),
            ("reach", "all"),
            ("life", "7d"),
            ("tier", "pro"),
            ("project.x", "on"),
        ];
        let words = "project_ids: Choose either all projects, or the ones that are ticked";
        assert_eq!(wrong(new(&Form::from(both), NOW)), [words]);
        let none =
            [("name", "a"), ("scope.read", "on"), ("reach", "ticked"), ("life", "7d"), ("tier", "pro")];
        assert_eq!(wrong(new(&Form::from(none), NOW)), ["project_ids: Tick at least one project"]);
    }

    #[test]
    fn a_key_is_read_with_what_is_ticked() {
        let (one, two) = (ProjectId::from_bits(1), ProjectId::from_bits(2));
        let (first, second) = (format!("project.{one}"), format!("project.{two}"));
        let fields = [
            ("name", "CI"),
            ("scope.read", "on"),
            ("scope.integrations:write", "on"),
            ("reach", "ticked"),
            (second.as_str(), "on"),
            (first.as_str(), "on"),
            ("life", "30d"),
            ("tier", "pro"),
        ];
        let key = new(&Form::from(fields), NOW).unwrap().unwrap();
        assert_eq!(key.rights.reach, Reach::Projects(vec![one, two]));
        assert_eq!(key.rights.scopes, ["read".parse().unwrap(), "integrations:write".parse().unwrap()]);
        assert_eq!((key.expires_at, key.tier), (Some(NOW + Duration::days(30)), Some(Tier::Pro)));
    }

    #[test]
    fn a_form_that_is_sent_as_it_was_shown_changes_nothing() {
        let project = ProjectId::from_bits(1).to_string();
        let stored = ApiKeyRecord {
            id: "key_1".into(),
            organization_id: "org_1".into(),
            name: "CI".into(),
            hint: "riq_7Hq2".into(),
            scopes: vec!["read".into(), "a_scope_of_tomorrow".into()],
            project_ids: Some(vec![project.clone()]),
            tier: "pro".into(),
            made_by: None,
            replaces: None,
            user_id: None,
            created_at: NOW,
            expires_at: Some(NOW),
            last_used_at: None,
            revoked_at: None,
        };
        let ticked = format!("project.{project}");
        let shown = [
            ("name", "CI"),
            ("scope.a_scope_of_tomorrow", "on"),
            ("scope.read", "on"),
            ("reach", "ticked"),
            (ticked.as_str(), "on"),
            ("life", ""),
            ("tier", "pro"),
        ];
        assert_eq!(update(&Form::from(shown), &stored, NOW).unwrap(), Ok(KeyUpdate::default()));
        let name = [("name", "CD")];
        let renamed = KeyUpdate { name: Some("CD".into()), ..KeyUpdate::default() };
        assert_eq!(update(&Form::from(name), &stored, NOW).unwrap(), Ok(renamed));
        let other =
            [("name", "CI"), ("scope.read", "on"), ("reach", "all"), ("life", "longest"), ("tier", "scale")];
        let changed = update(&Form::from(other), &stored, NOW).unwrap().unwrap();
        assert_eq!((changed.reach, changed.expires_at), (Some(Reach::Organization), Some(None)));
        assert_eq!(changed.tier, Some(Tier::Scale));
        assert_eq!(changed.scopes, Some(vec!["read".parse().unwrap()]));
    }
}
