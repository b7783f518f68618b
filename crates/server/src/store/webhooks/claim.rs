//! Claims what is due in the outbox.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::{
    ids::{LeaseId, ProviderEventId, WebhookId},
    webhook::{EventType, WebhookStatus},
};
use sea_orm::{
    ColumnTrait as _, ConnectionTrait as _, DbBackend, EntityTrait as _, QueryFilter as _, QueryResult,
    QuerySelect as _, Statement, Value,
    sea_query::{Expr, ExprTrait as _, LockBehavior, LockType},
};
use time::OffsetDateTime;

use super::{
    SealedSecret,
    secrets::sealed_secrets,
    statements,
    streams::{Key, UNTRIED_PAUSE, held, let_go},
};
use crate::store::{
    Store, StoreError,
    entity::{project, webhook, webhook_stream},
};

/// How many messages of a stream are claimed at once.
const OF_A_STREAM: i64 = 16;

/// A message that is due, with all that sending it takes.
#[derive(Clone, Debug)]
pub struct Due {
    /// The lease under which it is sent.
    pub lease: LeaseId,
    /// The delivery's id.
    pub delivery: String,
    /// Its webhook.
    pub webhook: WebhookId,
    /// The stream that it is of.
    pub stream: String,
    /// The event's id.
    pub event: String,
    /// What happened.
    pub kind: EventType,
    /// The message.
    pub body: Vec<u8>,
    /// The event of a provider whose body goes into it.
    pub provider_event: Option<ProviderEventId>,
    /// Where it is sent to.
    pub url: String,
    /// How many attempts were made already.
    pub attempts: u32,
    /// How many of them had been made when it was last sent again on request. `None`: it never was.
    pub redelivered_after: Option<u32>,
    /// What it is signed with: the secret that counts, and the one before, if that counts still.
    pub secrets: Vec<SealedSecret>,
}

impl Store {
    /// Sets what links in events begin with. Only the first call has an effect.
    pub fn set_links(&self, public_url: &str) {
        // It fails if it is set already.
        drop(self.outbox.links.set(public_url.trim_end_matches('/').to_owned()));
    }

    /// Waits until this process has put something into the outbox. What others put there has to be looked for.
    pub async fn outbox_filled(&self) {
        self.outbox.filled.notified().await;
    }

    /// Claims up to `limit` streams that are due at `now`, until `end`, and returns the next messages of each, in
    /// order.
    pub async fn claim_deliveries(
        &self,
        lease: LeaseId,
        now: OffsetDateTime,
        end: OffsetDateTime,
        limit: u32,
    ) -> Result<Vec<Vec<Due>>, StoreError> {
        let (sql, next) = match self.backend() {
            DbBackend::Postgres => (&statements::CLAIM_POSTGRES, &statements::NEXT_POSTGRES),
            _ => (&statements::CLAIM_SQLITE, &statements::NEXT_SQLITE),
        };
        let owner = lease.to_string();
        let values: [Value; 4] = [owner.as_str().into(), end.into(), now.into(), i64::from(limit).into()];
        let claim = Statement::from_sql_and_values(self.backend(), sql.as_str(), values);
        let claimed = self.writer.query_all_raw(claim).await?;
        if claimed.is_empty() {
            return Ok(Vec::new());
        }
        let values: [Value; 2] = [owner.into(), OF_A_STREAM.into()];
        let next = Statement::from_sql_and_values(self.backend(), next.as_str(), values);
        let (mut due, stuck) = readable(lease, &self.reader.query_all_raw(next).await?)?;
        self.add_secrets(&mut due, now).await?;
        for row in &claimed {
            let stream = key(row)?;
            let is_due = |one: &Due| one.stream == stream.1 && one.webhook.to_string() == stream.0;
            if !due.iter().any(is_due) {
                let again_at = if stuck.contains(&stream) { now + UNTRIED_PAUSE } else { now };
                self.put_aside(lease, stream, again_at).await?;
            }
        }
        let is_one = |one: &Due, next: &Due| one.webhook == next.webhook && one.stream == next.stream;
        Ok(due.chunk_by(is_one).map(<[Due]>::to_vec).collect())
    }

    /// Makes the streams due again that were put aside although their webhooks are active: one was switched on while
    /// something was put into its outbox.
    pub async fn resume_streams(&self, now: OffsetDateTime) -> Result<u64, StoreError> {
        use sea_orm::QueryTrait as _;

        let active = webhook::Entity::find()
            .select_only()
            .column(webhook::Column::Id)
            .filter(webhook::Column::Status.eq("active"))
            .into_query();
        let aside = || webhook_stream::Column::DueAt.is_null();
        if webhook_stream::Entity::find().filter(aside()).one(&self.reader).await?.is_none() {
            return Ok(0);
        }
        // Who puts something into several streams must not wait for this, which has no order. The next round comes.
        let key = [webhook_stream::Column::WebhookId, webhook_stream::Column::Stream];
        let resumable = webhook_stream::Entity::find()
            .select_only()
            .columns(key)
            .filter(aside())
            .filter(webhook_stream::Column::WebhookId.in_subquery(active))
            .lock_with_behavior(LockType::Update, LockBehavior::SkipLocked)
            .into_query();
        let resumed = webhook_stream::Entity::update_many()
            .col_expr(webhook_stream::Column::DueAt, Expr::value(now))
            .filter(Expr::tuple(key.map(Expr::col)).in_subquery(resumable))
            .exec(&self.writer)
            .await?;
        Ok(resumed.rows_affected)
    }

    /// Since when the stream that is due for longest waits to be sent. `None`: none waits.
    pub async fn oldest_due_delivery(
        &self,
        now: OffsetDateTime,
    ) -> Result<Option<OffsetDateTime>, StoreError> {
        let statement = Statement::from_sql_and_values(self.backend(), statements::OLDEST_DUE, [now.into()]);
        let row = self.reader.query_one_raw(statement).await?;
        Ok(row.map(|row| row.try_get("", "due_at")).transpose()?.flatten())
    }

    async fn add_secrets(&self, due: &mut [Due], now: OffsetDateTime) -> Result<(), StoreError> {
        let mut webhooks: Vec<WebhookId> = due.iter().map(|one| one.webhook).collect();
        webhooks.sort_unstable();
        webhooks.dedup();
        let secrets = sealed_secrets(&self.reader, &webhooks, now).await?;
        for one in due {
            one.secrets = secrets.iter().filter(|secret| secret.webhook == one.webhook).cloned().collect();
        }
        Ok(())
    }

    /// A stream with nothing to send ends. One whose webhook is disabled, or whose project is archived, waits until it
    /// is in use again. What another one has, such as what was put into it meanwhile, is due at `again_at`.
    async fn put_aside(
        &self,
        lease: LeaseId,
        stream: Key,
        again_at: OffsetDateTime,
    ) -> Result<(), StoreError> {
        let transaction = self.begin().await?;
        // It is not switched on or off meanwhile. Webhooks are locked before their streams.
        let of = webhook::Entity::find_by_id(&stream.0).lock_shared().one(&transaction).await?;
        if !held(&transaction, [(stream.clone(), lease)]).await?.is_empty() {
            let due = match of {
                Some(of) if of.status == WebhookStatus::Active.as_str() => {
                    let project = project::Entity::find_by_id(of.project_id).one(&transaction).await?;
                    project.is_some_and(|project| project.revoked_at.is_none()).then_some(again_at)
                }
                _ => None,
            };
            let_go(&transaction, BTreeMap::from([(stream, due)])).await?;
        }
        transaction.commit().await
    }
}

fn key(row: &QueryResult) -> Result<Key, StoreError> {
    Ok((row.try_get("", "webhook_id")?, row.try_get("", "stream")?))
}

/// The messages in these rows, and the streams that stay behind one that cannot be read. The others are still sent.
fn readable(lease: LeaseId, rows: &[QueryResult]) -> Result<(Vec<Due>, BTreeSet<Key>), StoreError> {
    let (mut due, mut stuck) = (Vec::with_capacity(rows.len()), BTreeSet::new());
    for row in rows {
        let stream = key(row)?;
        if stuck.contains(&stream) {
            continue;
        }
        match read(lease, row) {
            Ok(one) => due.push(one),
            Err(error) => {
                tracing::error!(%error, webhook = stream.0, "a message to a webhook cannot be read");
                stuck.insert(stream);
            }
        }
    }
    Ok((due, stuck))
}

fn read(lease: LeaseId, row: &QueryResult) -> Result<Due, StoreError> {
    let id: String = row.try_get("", "id")?;
    let damaged = |what: &str| StoreError::Damaged(format!("delivery {id}: {what}"));
    let (webhook, kind): (String, String) = (row.try_get("", "webhook_id")?, row.try_get("", "kind")?);
    let attempts: i32 = row.try_get("", "attempts")?;
    let provider_event: Option<String> = row.try_get("", "provider_event_id")?;
    let provider_event = provider_event.map(|id| id.parse().map_err(|_| damaged("provider event")));
    let redelivered: Option<i32> = row.try_get("", "redelivered_after")?;
    Ok(Due {
        lease,
        webhook: webhook.parse().map_err(|_| damaged("webhook"))?,
        stream: row.try_get("", "stream")?,
        event: row.try_get("", "event_id")?,
        kind: kind.parse().map_err(|_| damaged("kind"))?,
        body: row.try_get("", "body")?,
        provider_event: provider_event.transpose()?,
        url: row.try_get("", "url")?,
        attempts: u32::try_from(attempts).map_err(|_| damaged("attempts"))?,
        redelivered_after: redelivered.and_then(|attempts| u32::try_from(attempts).ok()),
        secrets: Vec::new(),
        delivery: id,
    })
}
