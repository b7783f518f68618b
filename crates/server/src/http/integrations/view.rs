//! Makes the API's integrations and catalog entries from stored rows.

use std::collections::BTreeMap;

use integrations_core::{
    catalog::{Catalog, Provider, ProviderRef, Ways},
    lifecycle::Health,
    picture::Picture,
    standing::Standing,
    wire::{
        Account, Action, CatalogEntry, CatalogFields, CredentialFacts, Integration, Open, ProviderLogo,
        RawJson, RevocationDetails, Way,
    },
};
use serde_json::{Map, Value, value::to_raw_value};
use url::Url;

use crate::{http::entity_tag::entity_tag, store::IntegrationRow};

/// The integration of a stored row.
pub(super) fn integration(row: IntegrationRow) -> Result<Integration, serde_json::Error> {
    let (key, alias) = ProviderRef::parts(&row.provider);
    Ok(Integration {
        provider_key: key.to_owned(),
        alias: alias.map(str::to_owned),
        id: row.id,
        provider: row.provider,
        status: Open::read(&row.status),
        display_name: row.display_name,
        setup_type: Open::read(&row.setup_type),
        health_status: Open::read(&row.health_status),
        sidebar_enabled: row.sidebar_enabled,
        last_synced_at: row.last_synced_at,
        error_message: row.error_message,
        created_at: row.created_at,
        updated_at: row.updated_at,
        settings: RawJson::from_text(row.settings)?,
        action_permissions: RawJson::from_text(row.action_permissions)?,
        next_check_at: row.next_check_at,
        account: row.account_id.map(|id| Account { id, name: row.account_name }),
        granted_scopes: row.granted_scopes.map(RawJson::from_text).transpose()?.unwrap_or_default(),
        credential: row.credential_renewable.map(|renewable| CredentialFacts {
            kind: Open::read(&row.setup_type),
            expires_at: row.credential_expires_at,
            renewable,
        }),
        etag: entity_tag(row.version),
        revocation: row.revocation_status.as_deref().map(Open::read),
        revocation_details: row.revocation_created_at.map(|requested_at| RevocationDetails {
            reaches: row.revocation_reaches.as_deref().map(Open::read),
            message: row.revocation_message,
            until: row.revocation_until,
            requested_at,
            ended_at: row.revocation_ended_at,
        }),
        checked: None,
        message: None,
    })
}

/// The status of a provider in a project, given the project's accounts of it: that of the plain one.
pub(super) fn standing(accounts: &[IntegrationRow]) -> Open<Standing> {
    plain(accounts).map_or(Open::Known(Standing::Available), |row| Open::read(&row.status))
}

/// A way to log in, of which one is recommended.
fn way(way: &Provider, recommended: &Provider, ready: bool) -> Way {
    Way {
        kind: way.auth.into(),
        setup_type: way.setup_type().into(),
        recommended: way.auth == recommended.auth,
        why: way.why.clone(),
        ready,
    }
}

/// Why a provider cannot be installed by this way.
fn not_installable(way: &Provider) -> String {
    let name = &way.name;
    match way.lacks_approval() {
        true => format!(
            "{name} is at a host of the customer's own, and none is approved on this server: its operator names those \
             that it may call in RIQ_APPROVED_HOSTS"
        ),
        false => format!("No OAuth app is set for {name} on this server"),
    }
}

/// The plain one of a provider's accounts.
fn plain(accounts: &[IntegrationRow]) -> Option<&IntegrationRow> {
    accounts.first().filter(|row| row.alias().is_none())
}

/// The parts of catalog entries that never change, as JSON that is written once.
#[derive(Debug)]
pub struct CatalogViews(BTreeMap<String, Written>);

#[derive(Debug)]
struct Written {
    actions: RawJson<Vec<Action>>,
    settings_schema: RawJson<Map<String, Value>>,
    logo: Option<ProviderLogo>,
}

impl CatalogViews {
    /// Writes the JSON for every provider of a server that people reach at `public_url`.
    pub fn new(catalog: &Catalog, public_url: &Url) -> Result<Self, serde_json::Error> {
        let base = public_url.as_str().trim_end_matches('/');
        let address = |picture: &Picture| format!("{base}/dashboard/assets/{}", picture.name);
        let write = |provider: &Provider| {
            Ok(Written {
                actions: RawJson::write(&provider.actions.iter().map(Action::from).collect())?,
                settings_schema: to_raw_value(provider.settings.as_value())?.into(),
                logo: provider
                    .logo
                    .as_ref()
                    .map(|logo| ProviderLogo { light: address(&logo.light), dark: address(logo.for_dark()) }),
            })
        };
        let written = catalog.iter().map(|provider| Ok((provider.key.to_string(), write(provider)?)));
        written.collect::<Result<_, _>>().map(Self)
    }

    /// The entry of a provider, or these fields of it, given the project's accounts of it. `is_ready` says by which
    /// ways it can be installed.
    pub(super) fn entry(
        &self,
        ways: &Ways,
        is_ready: impl Fn(&Provider) -> bool,
        accounts: &[IntegrationRow],
        fields: CatalogFields,
    ) -> Option<CatalogEntry> {
        let (installed, is_whole) = (plain(accounts), fields == CatalogFields::All);
        let (provider, offered) = (ways.first(), ways.offered(&is_ready));
        let configured = is_ready(offered);
        let written = self.0.get(provider.key.as_str())?;
        Some(CatalogEntry {
            provider: provider.key.to_string(),
            name: provider.name.clone(),
            description: provider.description.clone(),
            category: provider.category.into(),
            setup_type: installed
                .map_or(Open::Known(offered.setup_type()), |row| Open::read(&row.setup_type)),
            auth: ways.iter().map(|way| self::way(way, ways.first(), is_ready(way))).collect(),
            aliases: accounts.iter().filter_map(IntegrationRow::alias).map(str::to_owned).collect(),
            status: standing(accounts),
            installed: installed.is_some(),
            installable: configured,
            not_installable_reason: (!configured).then(|| not_installable(offered)),
            display_name: installed.and_then(|row| row.display_name.clone()),
            health_status: installed
                .map_or(Open::Known(Health::Unknown), |row| Open::read(&row.health_status)),
            sidebar_enabled: installed.is_some_and(|row| row.sidebar_enabled),
            last_synced_at: installed.and_then(|row| row.last_synced_at),
            error_message: installed.and_then(|row| row.error_message.clone()),
            actions: is_whole.then(|| written.actions.clone()),
            settings_schema: is_whole.then(|| written.settings_schema.clone()),
            logo: written.logo.clone(),
            documentation_url: provider.documentation_url.to_string(),
        })
    }
}
