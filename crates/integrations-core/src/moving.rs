//! Moving an integration to another server: what becomes of it at either side.
//!
//! At the source it is on hold from the export on, and its credential counts as gone, so that only one server ever uses
//! it. A receipt of the receiver ends it there; if the export is cancelled instead, it goes on.

use serde_json::Value;
use time::OffsetDateTime;

use crate::{
    audit::{AuditAction, Change},
    catalog::ProviderAccount,
    ids::{ExportId, IntegrationId, ProjectId},
    integration::{Configuration, Connected, Integration, Revision},
    lifecycle::{Chosen, Command, Credential, Health, Refusal},
    oauth::AccountIdentity,
    permissions::ActionPermissions,
};

/// What goes along with an integration, apart from its credential and its connection.
#[derive(Clone, Debug, PartialEq)]
pub struct Belongings {
    /// Its display name and its settings.
    pub configuration: Configuration,
    /// Whether its panel is shown in the inbox's sidebar.
    pub sidebar_enabled: bool,
    /// What the agent may do.
    pub action_permissions: ActionPermissions,
    /// The account at the provider, if it is known.
    pub account: Option<AccountIdentity>,
    /// Whether it was in use or on hold.
    pub chosen: Chosen,
}

/// Where an integration arrives: the project, and what is there already under its name, which is disconnected.
#[derive(Clone, Copy, Debug)]
pub struct Arriving<'a> {
    /// The id that it gets if nothing is there.
    pub id: IntegrationId,
    /// The project.
    pub project: ProjectId,
    /// The provider, with the alias.
    pub account: &'a ProviderAccount,
    /// What was disconnected there.
    pub before: Option<&'a Integration>,
}

impl Integration {
    /// Puts it on hold, because it is exported to another server.
    pub fn hand_over(&self, export: ExportId, now: OffsetDateTime) -> Result<Revision, Refusal> {
        let mut next = self.clone();
        next.transition(Command::Pause)?;
        next.health = Health::Unknown;
        next.error_message = Some(format!(
            "It is being moved to another server ({export}). Until the move ends, this server does not call, check or \
             renew it."
        ));
        Ok(self.of_export(next, Value::Null, export.to_string().into(), now))
    }

    /// Goes on with it, because the export was cancelled: as it was (`before`), to be probed.
    pub fn take_back(
        &self,
        export: ExportId,
        before: Chosen,
        now: OffsetDateTime,
    ) -> Result<Revision, Refusal> {
        let mut next = self.clone();
        next.transition(match before {
            Chosen::Active => Command::Activate { credential: Credential::Usable },
            Chosen::Paused => Command::Pause,
        })?;
        next.error_message = None;
        Ok(self.of_export(next, export.to_string().into(), Value::Null, now))
    }

    /// Takes it in from another server. It is probed at once, so nothing is said of its health. Permissions of actions
    /// that its provider does not have here are left out.
    pub fn arrive(
        at: Arriving<'_>,
        belongings: Belongings,
        export: ExportId,
        now: OffsetDateTime,
    ) -> Result<Revision, Refusal> {
        let Belongings { configuration, sidebar_enabled, action_permissions, account, chosen } = belongings;
        let display_name = configuration.display_name.clone();
        let connected = Connected { account, ..Connected::unprobed(configuration) };
        let mut revision = match at.before {
            None => Self::install(at.id, at.project, at.account, connected, now),
            Some(before) => before.reinstall(&at.account.provider, connected, now)?,
        };
        let mut next = revision.integration.clone();
        next.display_name = display_name;
        next.sidebar_enabled = sidebar_enabled;
        for (key, permission) in action_permissions {
            if let Some(known) = next.action_permissions.get_mut(&key) {
                *known = permission;
            }
        }
        if chosen == Chosen::Paused {
            next.transition(Command::Pause)?;
        }
        for change in revision.integration.diff(&next) {
            match revision.changes.iter_mut().find(|made| made.path == change.path) {
                Some(made) => made.to = change.to,
                None => revision.changes.push(change),
            }
        }
        revision.changes.push(of_export(Value::Null, export.to_string().into()));
        Ok(Revision { integration: next, ..revision })
    }

    fn of_export(&self, next: Self, from: Value, to: Value, now: OffsetDateTime) -> Revision {
        let mut revision = self.revision(next, AuditAction::IntegrationLifecycleUpdated, now);
        revision.changes.push(of_export(from, to));
        revision
    }
}

/// The change by which the audit logs of both servers name the export.
pub fn of_export(from: Value, to: Value) -> Change {
    Change { path: "export".to_owned(), from, to }
}
