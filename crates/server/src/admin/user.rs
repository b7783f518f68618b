//! `riq-server admin user`

use anyhow::{Context as _, bail};
use clap::{
    Args, Subcommand,
    builder::{PossibleValuesParser, TypedValueParser},
};
use integrations_core::{
    audit::AuditAction,
    ids::{OrganizationId, UserId},
    role::Role,
};
use serde::Serialize;

use super::context::{Confirmation, Context, Revoked, columns, moment};
use crate::store::{OwnedError, PersonRecord, PersonRef};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// List the people who have signed in or were given a role
    List {
        /// Only people with a role in this organization, org_…
        #[arg(long)]
        org: Option<OrganizationId>,
    },
    /// Give a person a role in an organization; it counts more than one from their groups
    SetRole {
        #[command(flatten)]
        who: Who,
        /// The organization, org_…
        #[arg(long)]
        org: OrganizationId,
        /// What they may do there
        #[arg(long, value_parser = role())]
        role: Role,
    },
    /// Take a person's role in an organization away; one from their groups comes back at their next sign-in
    RemoveRole {
        #[command(flatten)]
        who: Who,
        /// The organization, org_…
        #[arg(long)]
        org: OrganizationId,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Revoke a person: their sessions end, they cannot sign in, and keys that act for them stop within a second
    Revoke {
        #[command(flatten)]
        who: Who,
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// A person: by their id, or before their first sign-in by the provider's issuer and their id there.
#[derive(Args, Debug)]
pub(super) struct Who {
    /// The person's id, usr_…
    #[arg(value_name = "USER_ID", required_unless_present = "subject", conflicts_with_all = ["issuer", "subject"])]
    id: Option<UserId>,
    /// The provider, as RIQ_OIDC_ISSUER names it
    #[arg(long, value_name = "URL", requires = "subject")]
    issuer: Option<String>,
    /// The person's id at the provider (sub)
    #[arg(long, value_name = "SUB", requires = "issuer")]
    subject: Option<String>,
}

impl Who {
    fn named(self) -> anyhow::Result<PersonRef> {
        match (self.id, self.issuer, self.subject) {
            (Some(id), _, _) => Ok(PersonRef::Id(id)),
            (None, Some(issuer), Some(subject)) if !subject.is_empty() => {
                let issuer: crate::provider::openid::Issuer =
                    issuer.parse().context("--issuer is not valid")?;
                Ok(PersonRef::Subject { issuer: issuer.to_string(), subject })
            }
            _ => bail!("name the person: USER_ID, or --issuer and --subject"),
        }
    }
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|word| word.parse())
}

/// The result of a change of a role.
#[derive(Serialize)]
struct RoleSet {
    id: String,
    organization_id: String,
    role: Option<&'static str>,
    /// The role that counted before.
    before: Option<&'static str>,
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::List { org } => list(context, org).await,
        Command::SetRole { who, org, role } => set(context, &who.named()?, org, Some(role)).await,
        Command::RemoveRole { who, org, confirmation } => {
            let who = who.named()?;
            let person = found(context, &who).await?;
            confirmation.ask(&format!(
                "Take the role of {} in {org} away? They and keys that act for them can do nothing there from then on.",
                called(&person)
            ))?;
            set(context, &who, org, None).await
        }
        Command::Revoke { who, confirmation } => revoke(context, &who.named()?, confirmation).await,
    }
}

async fn list(context: &Context, org: Option<OrganizationId>) -> anyhow::Result<()> {
    let people = context.store.people(org).await?;
    context.answer(&people, || {
        let head = ["ID", "NAME", "E-MAIL", "ISSUER", "SUBJECT", "ROLES", "LAST SIGN-IN", "REVOKED"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(people.iter().map(|one| {
            let roles = one
                .roles
                .iter()
                .map(|role| format!("{}:{} ({})", role.organization_id, role.role, role.source));
            let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
            vec![
                one.id.clone(),
                or_dash(&one.name),
                or_dash(&one.email),
                one.issuer.clone(),
                one.subject.clone(),
                roles.collect::<Vec<_>>().join(", "),
                moment(one.signed_in_at),
                moment(one.revoked_at),
            ]
        }));
        columns(&rows)
    })
}

async fn found(context: &Context, who: &PersonRef) -> anyhow::Result<PersonRecord> {
    context.store.person(who).await?.context("there is no such person; `admin user list` lists them")
}

/// A person, as a question names them.
fn called(person: &PersonRecord) -> String {
    let name = person.name.as_deref().or(person.email.as_deref()).unwrap_or(&person.subject);
    format!("{name} ({})", person.id)
}

async fn set(
    context: &Context,
    who: &PersonRef,
    org: OrganizationId,
    role: Option<Role>,
) -> anyhow::Result<()> {
    context.check_organization(org).await?;
    let action = if role.is_some() { AuditAction::UserRoleSet } else { AuditAction::UserRoleRemoved };
    let event = context.event(org, None, action, Vec::new());
    let set = context.store.set_role(who, context.environment.id(), role, event).await;
    let changed = set.map_err(|error| match error {
        OwnedError::NotFound => anyhow::anyhow!("there is no such person; `admin user list` lists them"),
        OwnedError::Ended => anyhow::anyhow!("this person is revoked"),
        error => error.into(),
    })?;
    let set = RoleSet {
        id: changed.user.to_string(),
        organization_id: org.to_string(),
        role: role.map(Role::as_str),
        before: changed.before.map(Role::as_str),
    };
    context.answer(&set, || {
        let now = set.role.unwrap_or("no role");
        let before = set.before.unwrap_or("no role");
        vec![format!("{} has {now} in {org} (before: {before})", set.id)]
    })
}

async fn revoke(context: &Context, who: &PersonRef, confirmation: Confirmation) -> anyhow::Result<()> {
    let person = found(context, who).await?;
    if person.revoked_at.is_none() {
        confirmation.ask(&format!(
            "Revoke {}? Their sessions end, keys that act for them stop within a second, and nothing brings them back.",
            called(&person)
        ))?;
    }
    let id: UserId = person.id.parse()?;
    let event = |organization, action, changes| context.event(organization, None, action, changes);
    let revoked = context.store.revoke_person(id, context.environment.now(), &event).await?;
    let revoked = Revoked { id: id.to_string(), revoked };
    context.answer(&revoked, || revoked.in_words())
}
