//! Says what other settings or permissions would have made of the calls of the past.

use integrations_core::{
    action::{self, Decided, DeniedBy, PastCall, Reason, Rules},
    catalog::ProviderAccount,
    fields::{BodyError, Fields, moment},
    integration::check_settings,
    issue::Issue,
    permissions::{self, ActionPermissions},
    proxy::other_permissions,
};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{Actions, CallError};
use crate::store::{Loaded, PastRunRow, ReadError, StoreError, Tenant};

/// The most runs that are decided on again.
const MOST: usize = 5000;
/// How many are read and decided on at a time. In between, the thread serves others.
const PIECE: usize = 100;

/// What other settings or permissions would have made of the calls of the past.
#[derive(Clone, Debug)]
pub struct Replay {
    /// How many runs were decided on again.
    pub decided: usize,
    /// How many could not be.
    pub left_out: usize,
    /// Whether there are older runs that were not looked at.
    pub has_more: bool,
    /// The runs that would have been decided otherwise, newest first.
    pub otherwise: Vec<DecidedOtherwise>,
}

/// A run that would have been decided otherwise.
#[derive(Clone, Debug)]
pub struct DecidedOtherwise {
    /// `run_…`
    pub run: String,
    /// The action's key.
    pub action: String,
    /// When it was called.
    pub at: OffsetDateTime,
    /// What was decided.
    pub was: Decided,
    /// What would have been.
    pub would_be: Decided,
    /// Why.
    pub reasons: Vec<Reason>,
}

/// What is asked for.
struct Question {
    since: Option<OffsetDateTime>,
    settings: Map<String, Value>,
    permissions: ActionPermissions,
}

impl Actions {
    /// Decides on the runs of an integration again. The body is `{"since", "settings", "action_permissions"}`: the
    /// changes to what holds now. Nothing is stored.
    pub async fn replay(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        body: &[u8],
    ) -> Result<Replay, CallError> {
        let loaded = self.installed(tenant, account).await?;
        let question = read(body, account, &loaded)?;
        // Calls of an integration that was removed from the project were decided on by its own settings.
        let integration = loaded.integration.id;
        let mut ids = self.store.run_ids(tenant, integration, question.since, MOST as u64 + 1).await?;
        let has_more = ids.len() > MOST;
        ids.truncate(MOST);
        let rules = Rules { permissions: &question.permissions, settings: &question.settings };
        let mut again = action::Replay::new(&account.provider, rules);
        let mut replay = Replay { decided: 0, left_out: 0, has_more, otherwise: Vec::new() };
        // They are decided on from the oldest on, because each counts towards the limits of those after it.
        for piece in ids.rchunks(PIECE) {
            for run in self.store.past_runs(tenant, piece).await? {
                let call = past_call(&run)?;
                let Some((would_be, reasons)) = again.decide(&call) else {
                    replay.left_out += 1;
                    continue;
                };
                replay.decided += 1;
                if would_be != call.decided {
                    let PastCall { action, at, decided: was, .. } = call;
                    replay.otherwise.push(DecidedOtherwise {
                        run: run.id,
                        action,
                        at,
                        was,
                        would_be,
                        reasons,
                    });
                }
            }
        }
        replay.otherwise.reverse();
        Ok(replay)
    }
}

fn read(body: &[u8], account: &ProviderAccount, loaded: &Loaded) -> Result<Question, BodyError> {
    let (provider, integration) = (&account.provider, &loaded.integration);
    let mut fields = Fields::read_optional(body)?;
    let since = fields.optional("since", moment);
    let settings = fields.optional("settings", Ok);
    let changed = fields.optional("action_permissions", Ok);
    let mut report = |issues: Vec<Issue>| issues.into_iter().for_each(|issue| fields.report(issue));
    let settings = settings.map(|patch| check_settings(integration.settings.clone(), &patch, provider));
    let settings = settings.transpose().map_err(&mut report).ok().flatten().map(|(shown, _)| shown);
    let actions = provider.actions.iter().map(|action| action.key.as_str());
    let others = other_permissions(provider);
    let changed = changed.map(|value| permissions::read(&value, actions, &others));
    let changed = changed.transpose().map_err(&mut report).ok().flatten().unwrap_or_default();
    let mut permissions = integration.action_permissions.clone();
    permissions.extend(changed);
    let settings = settings.unwrap_or_else(|| integration.settings.clone());
    fields.finish(Some(Question { since, settings, permissions }))
}

fn past_call(run: &PastRunRow) -> Result<PastCall, CallError> {
    let object = |what: &str, text: &str| {
        serde_json::from_str::<Map<String, Value>>(text).map_err(|_| damaged(what, &run.id))
    };
    let context = run.context.as_deref().map(serde_json::from_str).transpose();
    let denied_by = run.denied_by.as_deref().and_then(|by| by.parse().ok());
    let decided = match denied_by {
        _ if run.approval_id.is_some() => Decided::Ask,
        Some(DeniedBy::Permission | DeniedBy::Guard) => Decided::Deny,
        Some(DeniedBy::Person) | None => Decided::Allow,
    };
    Ok(PastCall {
        action: run.action.clone(),
        input: object("its input", &run.input)?,
        evidence: object("its evidence", &run.evidence)?,
        context: context.map_err(|_| damaged("its context", &run.id))?.unwrap_or_default(),
        caller: run.principal.clone(),
        at: run.created_at,
        decided,
        status: run.status.parse().map_err(|_| damaged("its status", &run.id))?,
    })
}

fn damaged(what: &str, run: &str) -> CallError {
    CallError::Read(ReadError::from(StoreError::Damaged(format!("run {run}: {what}"))))
}
