//! Disconnects and revokes everything of a provider, as after a breach.

use integrations_core::{
    audit::Acting, catalog::ProviderAccount, ids::RevocationId, revocation::RevocationStatus,
};
use tokio::task::JoinSet;

use super::Revocations;
use crate::{
    services::integrations::{ChangeError, ExpectedVersion},
    store::{RevocationScope, StoreError},
};

/// How many connections are read at a time.
const BATCH: u64 = 100;
/// The most attempts that are under way.
const UNDER_WAY: usize = 8;

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Progress {
    /// How many connections were disconnected so far.
    pub disconnected: u64,
    /// How many first attempts have ended.
    pub attempted: u64,
}

/// What could not be disconnected.
#[derive(Debug)]
pub struct Everything {
    /// How far it came.
    pub progress: Progress,
    /// The accounts that stay connected: the project, the provider with its alias, and why.
    pub kept: Vec<(String, String, String)>,
}

impl Revocations {
    /// Disconnects every connection of a scope, and attempts once to revoke each, and those that wait from an earlier
    /// run. It can be stopped at any time and begun again: it goes on with the rest. What is not revoked then is tried
    /// by the server.
    pub async fn revoke_everything(
        &self,
        scope: &RevocationScope,
        acting: &Acting,
        mut told: impl FnMut(Progress),
    ) -> Result<Everything, StoreError> {
        let mut progress = Progress { disconnected: 0, attempted: 0 };
        let (mut kept, mut attempts) = (Vec::new(), Attempts::new(self));
        for id in self.waiting(scope).await? {
            attempts.begin(id, &mut progress).await;
        }
        let mut after = String::new();
        loop {
            let batch = self.store.connected(scope, &after, BATCH).await?;
            let Some((last, ..)) = batch.last() else { break };
            after = last.to_string();
            for (_, tenant, reference) in batch {
                let Some(ways) = self.catalog.ways(reference.key()) else { continue };
                let account = ProviderAccount { reference, ..ways.into() };
                match self.begin(&tenant, &account, &ExpectedVersion::Any, acting).await {
                    Ok(loaded) => {
                        progress.disconnected += u64::from(loaded.disconnected_now);
                        let id = loaded.revocation.filter(|facts| facts.ended_at.is_none());
                        if let Some(Ok(id)) = id.map(|facts| facts.id.parse()) {
                            attempts.begin(id, &mut progress).await;
                        }
                    }
                    Err(ChangeError::NotInstalled { .. }) => {}
                    Err(error) => {
                        let project = tenant.project.to_string();
                        kept.push((project, account.as_str().to_owned(), error.to_string()));
                    }
                }
            }
            told(progress);
        }
        attempts.finish(&mut progress).await;
        told(progress);
        Ok(Everything { progress, kept })
    }

    /// The revocations of a scope that an interrupted run may have left without an attempt.
    async fn waiting(&self, scope: &RevocationScope) -> Result<Vec<RevocationId>, StoreError> {
        let (mut waiting, mut after) = (Vec::new(), String::new());
        loop {
            let batch = self.store.unrevoked(scope, &after, BATCH).await?;
            let Some(last) = batch.last() else { return Ok(waiting) };
            after.clone_from(&last.id);
            for row in batch.iter().filter(|row| row.status == RevocationStatus::Pending.as_str()) {
                waiting.push(row.revocation()?);
            }
        }
    }
}

/// First attempts, some at a time.
struct Attempts<'a> {
    revocations: &'a Revocations,
    under_way: JoinSet<()>,
}

impl<'a> Attempts<'a> {
    fn new(revocations: &'a Revocations) -> Self {
        Self { revocations, under_way: JoinSet::new() }
    }

    /// Begins one, as soon as there is room.
    async fn begin(&mut self, id: RevocationId, progress: &mut Progress) {
        if self.under_way.len() >= UNDER_WAY && self.under_way.join_next().await.is_some() {
            progress.attempted += 1;
        }
        let revocations = self.revocations.clone();
        self.under_way.spawn(async move {
            if let Err(error) = revocations.first_attempt(id).await {
                tracing::warn!(revocation = %id, %error, "what came of revoking could not be stored");
            }
        });
    }

    async fn finish(mut self, progress: &mut Progress) {
        while self.under_way.join_next().await.is_some() {
            progress.attempted += 1;
        }
    }
}
