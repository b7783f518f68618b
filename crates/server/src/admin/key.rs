//! `riq-server admin key`

use std::{
    io::{self, Write as _},
    time::Duration,
};

use anyhow::{Context as _, ensure};
use clap::{
    Subcommand, ValueEnum,
    builder::{PossibleValue, PossibleValuesParser, TypedValueParser},
};
use integrations_core::{
    audit::{Acting, AuditAction, change},
    ids::{ApiKeyId, OrganizationId},
    key_request::NewKey,
    name::read_name,
    rights::{Reach, Rights},
    scope::{Scope, agent_warning},
    tier::Tier,
};
use serde::Serialize;
use serde_json::Value;

use super::context::{Confirmation, Context, Revoked, columns, moment};
use crate::{app::config::time_span, services::keys::Keys, store::ApiKeyRecord};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Create an API key and print it; it cannot be shown again
    Create {
        /// The organization that owns it, org_…
        #[arg(long)]
        org: OrganizationId,
        /// What it is for
        #[arg(long, value_parser = read_name)]
        name: String,
        /// What it may do, separated by commas: read, write, admin, integrations:read, …
        #[arg(long, value_delimiter = ',', required_unless_present = "purpose", conflicts_with = "purpose")]
        scopes: Vec<Scope>,
        /// Who gets it: an agent may call actions and see its calls (actions:read, actions:write), and nothing else
        #[arg(long = "for", value_name = "WHO")]
        purpose: Option<Purpose>,
        /// Its limit of requests
        #[arg(long, default_value = "starter", value_parser = tier())]
        tier: Tier,
        /// When it expires, such as 90d [default: never]
        #[arg(long, value_name = "TIME", value_parser = time_span)]
        expires_in: Option<Duration>,
    },
    /// List the keys' records; the keys themselves cannot be shown again
    List {
        /// Only keys of this organization, org_…
        #[arg(long)]
        org: Option<OrganizationId>,
    },
    /// Revoke a key: it stops working within a second
    Revoke {
        /// The key's id, key_…
        #[arg(value_name = "KEY_ID")]
        id: ApiKeyId,
        #[command(flatten)]
        confirmation: Confirmation,
    },
    /// Give a key another tier: its new limit applies within a second
    SetTier {
        /// The key's id, key_…
        #[arg(value_name = "KEY_ID")]
        id: ApiKeyId,
        /// Its limit of requests
        #[arg(value_parser = tier())]
        tier: Tier,
    },
}

/// For whom a key is, which says what it may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Purpose {
    /// A program that calls actions.
    Agent,
}

/// Reads a tier by its name. The help lists the tiers with their limits.
fn tier() -> impl TypedValueParser<Value = Tier> {
    let tiers = Tier::ALL.map(|tier| {
        let (thousands, rest) = (tier.limit() / 1000, tier.limit() % 1000);
        let limit = if thousands == 0 { rest.to_string() } else { format!("{thousands},{rest:03}") };
        PossibleValue::new(tier.as_str()).help(format!("{limit} a minute"))
    });
    PossibleValuesParser::new(tiers).try_map(|name| name.parse())
}

/// The result of a change of tier.
#[derive(Serialize)]
struct TierSet {
    id: String,
    tier: &'static str,
    /// `false`: it had that tier before.
    changed: bool,
}

/// A new key, which is shown only now.
#[derive(Serialize)]
struct Created {
    #[serde(flatten)]
    record: ApiKeyRecord,
    api_key: String,
}

pub(super) async fn run(command: Command, context: &Context) -> anyhow::Result<()> {
    match command {
        Command::Create { org, name, scopes, purpose, tier, expires_in } => {
            let scopes = match purpose {
                Some(Purpose::Agent) => Scope::OF_AN_AGENT.to_vec(),
                None => scopes,
            };
            create(context, org, name, scopes, tier, expires_in).await
        }
        Command::List { org } => list(context, org).await,
        Command::Revoke { id, confirmation } => revoke(context, id, confirmation).await,
        Command::SetTier { id, tier } => set_tier(context, id, tier).await,
    }
}

async fn create(
    context: &Context,
    org: OrganizationId,
    name: String,
    scopes: Vec<Scope>,
    tier: Tier,
    expires_in: Option<Duration>,
) -> anyhow::Result<()> {
    context.check_organization(org).await?;
    let expires_at = match expires_in {
        None => None,
        Some(life) => Some(
            context.environment.now().checked_add(life.try_into()?).context("--expires-in is too long")?,
        ),
    };
    let keys = Keys::new(context.store.clone(), context.environment.clone(), None);
    let warning = agent_warning(&scopes);
    let rights = Rights { scopes, reach: Reach::Organization };
    let new = NewKey { name, rights, tier: Some(tier), expires_at };
    let issued = keys.create(org, new, tier, Acting::OPERATOR, |_| Ok(None)).await?;
    if let Some(warning) = warning {
        // If stderr is closed, nobody reads it.
        writeln!(io::stderr(), "warning: {warning}").unwrap_or_default();
    }
    let created = Created { record: issued.record, api_key: issued.key.expose().to_owned() };
    context.answer(&created, || {
        vec![
            format!(
                "Created {} ({}) for {}",
                created.record.id, created.record.name, created.record.organization_id
            ),
            format!("  scopes   {}", created.record.scopes.join(", ")),
            format!("  tier     {}", created.record.tier),
            format!("  expires  {}", created.record.expires_at.map_or("never".into(), |at| moment(Some(at)))),
            format!("  key      {}", created.api_key),
            "Store the key safely: it cannot be shown again.".into(),
        ]
    })
}

async fn list(context: &Context, org: Option<OrganizationId>) -> anyhow::Result<()> {
    let found = context.store.api_keys(org).await?;
    context.answer(&found, || {
        let head = ["ID", "NAME", "KEY", "SCOPES", "TIER", "EXPIRES", "LAST USED", "REVOKED"];
        let mut rows = vec![head.map(str::to_owned).to_vec()];
        rows.extend(found.iter().map(|one| {
            let [expires, used, revoked] = [one.expires_at, one.last_used_at, one.revoked_at].map(moment);
            let (key, scopes) = (format!("{}…", one.hint), one.scopes.join(","));
            vec![one.id.clone(), one.name.clone(), key, scopes, one.tier.clone(), expires, used, revoked]
        }));
        columns(&rows)
    })
}

async fn revoke(context: &Context, id: ApiKeyId, confirmation: Confirmation) -> anyhow::Result<()> {
    let key = context.store.api_key(id).await?.with_context(|| format!("there is no API key {id}"))?;
    if key.revoked_at.is_none() {
        confirmation.ask(&format!(
            "Revoke the API key {} ({id}, {}…)? What uses it is refused within a second, and nothing brings it back.",
            key.name, key.hint
        ))?;
    }
    let changes = change("id", id.to_string(), Value::Null).into_iter().collect();
    let event = context.event(key.organization_id.parse()?, None, AuditAction::ApiKeyRevoked, changes);
    let revoked = Revoked { id: id.to_string(), revoked: context.store.revoke_api_key(id, event).await? };
    context.answer(&revoked, || revoked.in_words())
}

async fn set_tier(context: &Context, id: ApiKeyId, tier: Tier) -> anyhow::Result<()> {
    let key = context.store.api_key(id).await?.with_context(|| format!("there is no API key {id}"))?;
    ensure!(key.revoked_at.is_none(), "the API key {id} is revoked");
    let changes = change(format!("{id}.tier"), key.tier, tier.as_str()).into_iter().collect();
    let event = context.event(key.organization_id.parse()?, None, AuditAction::ApiKeyTierChanged, changes);
    let changed = context.store.set_api_key_tier(id, tier, event).await?;
    let set = TierSet { id: id.to_string(), tier: tier.as_str(), changed };
    context.answer(&set, || {
        let what = if changed { "Changed the tier of" } else { "Nothing to change:" };
        vec![format!("{what} {id}: {tier}, {} requests a minute", tier.limit())]
    })
}
