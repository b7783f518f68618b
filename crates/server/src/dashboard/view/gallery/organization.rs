//! The pages of an organization: its projects and its API keys.

use std::collections::BTreeMap;

use integrations_core::{
    ids::{ApiKeyId, ProjectId, UserId},
    issue::Issue,
    rights::Rights,
    tier::Tier,
};
use maud::Markup;
use time::{OffsetDateTime, macros::datetime};

use super::{ORGANIZATION, PROJECT, frame, refused_form};
use crate::{
    dashboard::{
        flash::OwnedFlash,
        key_form::Choices,
        view::{
            frame::Frame,
            key::{self, KeyPage},
            keys::{self, KeysPage, Names, NewKey},
            layout::Organization,
            project::{self, ProjectPage},
            projects::{self, ProjectsPage},
            provider_page::{Part, RefusedForm},
        },
    },
    edge::form::Form,
    store::{ApiKeyRecord, Known, ProjectRecord},
};

const NOW: OffsetDateTime = datetime!(2026-05-17 18:00:00 UTC);
const ACME: Organization<'static> = Organization { id: ORGANIZATION, name: "Acme" };
const KEY: ApiKeyId = ApiKeyId::from_bits(0x0197_c1f0_aaaa_bbbb_cccc_dddd_eeee_1111);
const ANN: UserId = UserId::from_bits(7);

fn record(id: ProjectId, name: &str, revoked_at: Option<OffsetDateTime>) -> ProjectRecord {
    ProjectRecord {
        id: id.to_string(),
        organization_id: ORGANIZATION.to_string(),
        name: name.into(),
        slug: name.to_lowercase().replace(' ', "-"),
        domain: revoked_at.is_none().then(|| "support.example.com".into()),
        return_origins: vec!["https://app.example.com".into()],
        branding: None,
        created_at: datetime!(2026-03-01 10:00:00 UTC),
        revoked_at,
        erased_at: None,
    }
}

fn records() -> [ProjectRecord; 3] {
    let archived_at = Some(datetime!(2026-05-01 09:30:00 UTC));
    [
        record(PROJECT, "Customer support", None),
        record(ProjectId::from_bits(7), "Staging", None),
        record(ProjectId::from_bits(9), "Pop-up shop", archived_at),
    ]
}

/// Somebody who may see everything, and change nothing.
fn viewer() -> Frame<'static> {
    let rights = Rights { scopes: vec!["read".parse().unwrap()], ..Rights::everything() };
    let who = Known { rights, ..super::WHO.clone() };
    Frame { who: Some(Box::leak(Box::new(who))), ..frame() }
}

fn refused(part: Part, path: &str, message: &str, typed: Form) -> RefusedForm {
    refused_form(part, vec![Issue::new(path, message)], typed)
}

pub(super) fn projects() -> Vec<(&'static str, Markup)> {
    let records = records();
    let list = |frame: &Frame<'_>, projects: &[ProjectRecord], refused: Option<&RefusedForm>| {
        projects::page(frame, &ProjectsPage { organization: ACME, projects, now: NOW, refused })
    };
    let one = |project, now| ProjectPage {
        organization: ACME,
        id: PROJECT,
        project,
        now,
        logos: vec!["acme.svg", "parcel.svg"],
        flash: None,
        refused: None,
    };
    let taken = refused(
        Part::Project,
        "slug",
        "Another project of the organization has this slug",
        Form::from([("name", "Support"), ("slug", "staging"), ("domain", "")]),
    );
    let faint = refused(
        Part::Branding,
        "branding.accent",
        "Is too faint on light pages: its contrast is 1.2, and at least 3.0 is needed",
        Form::from([
            ("branding.name", "Acme"),
            ("branding.logo", "gone.svg"),
            ("branding.accent", "#ffee00"),
        ]),
    );
    let draw = |page: &ProjectPage<'_>| project::page(&frame(), page);
    let late = datetime!(2026-08-01 00:00:00 UTC);
    vec![
        ("projects", list(&frame(), &records, None)),
        ("projects-of-viewer", list(&viewer(), &records, None)),
        ("projects-empty", list(&frame(), &[], None)),
        ("projects-empty-of-viewer", list(&viewer(), &[], None)),
        ("projects-refused", list(&frame(), &records, Some(&taken))),
        ("project", draw(&ProjectPage { flash: Some(OwnedFlash::Created), ..one(&records[0], NOW) })),
        ("project-refused", draw(&ProjectPage { refused: Some(&taken), ..one(&records[0], NOW) })),
        ("project-branding", draw(&ProjectPage { refused: Some(&faint), ..one(&records[0], NOW) })),
        ("project-of-viewer", project::page(&viewer(), &one(&records[0], NOW))),
        ("project-archived", draw(&one(&records[2], NOW))),
        ("project-gone", draw(&one(&records[2], late))),
        ("project-archive", project::ask(&frame(), &one(&records[0], NOW))),
    ]
}

fn key_records() -> Vec<ApiKeyRecord> {
    let record = |id: ApiKeyId, name: &str| ApiKeyRecord {
        id: id.to_string(),
        organization_id: ORGANIZATION.to_string(),
        name: name.into(),
        hint: "riq_7Hq2".into(),
        scopes: vec!["read".into(), "integrations:write".into()],
        project_ids: None,
        tier: "pro".into(),
        made_by: None,
        replaces: None,
        user_id: None,
        created_at: datetime!(2026-03-01 10:00:00 UTC),
        expires_at: None,
        last_used_at: None,
        revoked_at: None,
    };
    let projects = [PROJECT, ProjectId::from_bits(9)].map(|id| id.to_string());
    vec![
        record(ApiKeyId::from_bits(1), "Operator's first key"),
        ApiKeyRecord {
            project_ids: Some(projects.to_vec()),
            made_by: Some(ANN.to_string()),
            expires_at: Some(datetime!(2026-08-01 10:00:00 UTC)),
            last_used_at: Some(datetime!(2026-05-17 17:55:00 UTC)),
            replaces: Some(ApiKeyId::from_bits(3).to_string()),
            ..record(KEY, "Help desk")
        },
        ApiKeyRecord {
            user_id: Some(ANN.to_string()),
            made_by: Some(ANN.to_string()),
            ..record(ApiKeyId::from_bits(2), "riq on a laptop")
        },
        ApiKeyRecord {
            revoked_at: Some(datetime!(2026-04-01 10:00:00 UTC)),
            made_by: Some(KEY.to_string()),
            ..record(ApiKeyId::from_bits(3), "Help desk")
        },
    ]
}

pub(super) fn keys() -> Vec<(&'static str, Markup)> {
    let (records, projects) = (key_records(), records());
    let people = BTreeMap::from([(ANN, "Ann & Co".to_owned())]);
    let names = Names { keys: &records, people, projects: &projects };
    let nobody = Names { keys: &[], people: BTreeMap::new(), projects: &projects };
    let who = super::WHO.clone();
    let ends = Some(datetime!(2026-06-01 00:00:00 UTC));
    let bound = Rights {
        scopes: ["integrations:write", "keys:admin"].map(|scope| scope.parse().unwrap()).to_vec(),
        reach: integrations_core::rights::Reach::Projects(vec![PROJECT]),
    };
    let limited = Known { rights: bound, tier: Tier::Starter, expires_at: ends, ..super::WHO.clone() };
    let (all, few) = (Choices::new(&who, NOW), Choices::new(&limited, NOW));
    let page = |key| KeyPage {
        organization: ACME,
        id: KEY,
        key,
        names: &names,
        choices: &all,
        is_of_other: false,
        is_own: false,
        now: NOW,
        flash: None,
        refused: None,
    };
    let typed =
        Form::from([("name", "Help desk"), ("scope.admin", "on"), ("reach", "ticked"), ("life", "7d")]);
    let scopes = "Not granted: the scope admin goes beyond your own scopes";
    let refused = refused(Part::Key, "scopes", scopes, typed);
    let list =
        |frame: &Frame<'_>, names| keys::page(frame, &KeysPage { organization: ACME, names, now: NOW });
    let form = |choices, refused| keys::new_key(&frame(), &ACME, choices, &projects[..2], refused);
    let issued = |replaced| {
        let text = "riq_notAKeyOfAnybodynotAKeyOfAnybodynotAKeyOfAn000000";
        keys::issued(&frame(), &ACME, &NewKey { text, record: &records[1], replaced, now: NOW })
    };
    vec![
        ("keys", list(&frame(), &names)),
        ("keys-of-viewer", list(&viewer(), &names)),
        ("keys-none", list(&frame(), &nobody)),
        ("key-new", form(&all, None)),
        ("key-new-limited", form(&few, None)),
        ("key-new-refused", form(&few, Some(&refused))),
        ("key-issued", issued(None)),
        ("key-rotated", issued(Some(&records[3]))),
        ("key", key::page(&frame(), &KeyPage { flash: Some(OwnedFlash::Changed), ..page(&records[1]) })),
        ("key-refused", key::page(&frame(), &KeyPage { refused: Some(&refused), ..page(&records[1]) })),
        ("key-of-viewer", key::page(&viewer(), &page(&records[1]))),
        ("key-of-person", key::page(&frame(), &KeyPage { is_of_other: true, ..page(&records[2]) })),
        ("key-revoked", key::page(&frame(), &page(&records[3]))),
        ("key-revoke", key::ask(&frame(), &KeyPage { is_own: true, ..page(&records[1]) })),
    ]
}
