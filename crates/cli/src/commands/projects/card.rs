//! A project as a card.

use clap::Args;
use integrations_core::ids::ProjectId;
use integrations_core::wire::Project;
use serde_json::Value;

use crate::context::Context;
use crate::error::Failure;
use crate::present;
use crate::text::{cell, time};

/// Which project a command is about.
#[derive(Args)]
pub(super) struct Target {
    /// The project's id
    #[arg(value_name = "PROJECT")]
    pub(super) id: ProjectId,
}

/// Prints a project.
pub(super) fn print(data: &Value, context: &Context) -> Result<(), Failure> {
    present::one(data, "id", facts, &context.output)
}

fn facts(project: &Project) -> Vec<(&'static str, String)> {
    let mut facts = vec![
        ("Project", cell(Some(&project.id))),
        ("Organization", cell(Some(&project.org_id))),
        ("Name", cell(Some(&project.name))),
        ("Slug", cell(Some(&project.slug))),
        ("Domain", cell(project.domain.as_deref())),
        ("Created", time(Some(project.created_at))),
    ];
    if !project.return_origins.is_empty() {
        facts.push(("Return origins", cell(Some(&project.return_origins.join(", ")))));
    }
    if let Some(branding) = &project.branding {
        let parts =
            [&branding.name, &branding.logo, &branding.accent, &branding.accent_dark, &branding.support];
        let parts: Vec<&str> = parts.into_iter().flatten().map(String::as_str).collect();
        facts.push(("Branding", cell(Some(&parts.join(", ")))));
    }
    if project.archived_at.is_some() {
        facts.push(("Archived", time(project.archived_at)));
        let end = match project.restorable_until {
            Some(_) => time(project.restorable_until),
            None => "no longer: its credentials are destroyed".to_owned(),
        };
        facts.push(("Restorable until", end));
    }
    facts
}
