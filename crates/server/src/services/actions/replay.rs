//! Says what other settings or permissions would have made of the calls of the past.

use integrations_core::{
    action::{Decided, DeniedBy, PastCall, Reason, Rules, replay},
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
use crate::store::{Loaded, ReadError, RunFilter, RunRow, StoreError, Tenant};

/// The most runs that are decided on again.
const MOST: usize = 5000;
/// How many are read at a time.
const PAGE: u16 = 500;

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
    /// The run.
    pub run: RunRow,
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
        let (mut runs, has_more) = self.runs_since(tenant, account, question.since).await?;
        let integration = loaded.integration.id.to_string();
        // Calls of an integration that was removed from the project were decided on by its own settings.
        runs.retain(|run| run.integration_id == integration);
        runs.reverse();
        let calls = runs.iter().map(past_call).collect::<Result<Vec<_>, _>>()?;
        let rules = Rules { permissions: &question.permissions, settings: &question.settings };
        let replayed = replay(&account.provider, &calls, rules);
        let all = replayed.len();
        let decided = replayed.iter().flatten().count();
        let compared = runs.into_iter().zip(calls).zip(replayed);
        let mut otherwise: Vec<_> =
            compared.filter_map(|((run, call), now)| differs(run, &call, now)).collect();
        otherwise.reverse();
        Ok(Replay { decided, left_out: all - decided, has_more, otherwise })
    }

    /// The newest runs of an integration's provider, newest first, and whether there are more.
    async fn runs_since(
        &self,
        tenant: &Tenant,
        account: &ProviderAccount,
        since: Option<OffsetDateTime>,
    ) -> Result<(Vec<RunRow>, bool), CallError> {
        let provider = Some(account.as_str().to_owned());
        let mut filter = RunFilter { provider, since, ..RunFilter::default() };
        let mut runs: Vec<RunRow> = Vec::new();
        loop {
            let page = self.runs(tenant, &filter, PAGE).await?;
            let next = page.cursor().map(str::parse).transpose();
            filter.before = next.map_err(|_| damaged("its id", page.cursor().unwrap_or_default()))?;
            runs.extend(page.entries);
            if filter.before.is_none() || runs.len() >= MOST {
                return Ok((runs, filter.before.is_some()));
            }
        }
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

fn past_call(run: &RunRow) -> Result<PastCall, CallError> {
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

fn differs(run: RunRow, call: &PastCall, now: Option<(Decided, Vec<Reason>)>) -> Option<DecidedOtherwise> {
    let (would_be, reasons) = now.filter(|(would_be, _)| *would_be != call.decided)?;
    Some(DecidedOtherwise { run, was: call.decided, would_be, reasons })
}

fn damaged(what: &str, run: &str) -> CallError {
    CallError::Read(ReadError::from(StoreError::Damaged(format!("run {run}: {what}"))))
}
