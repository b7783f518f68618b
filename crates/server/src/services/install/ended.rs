//! How an installation in progress ended: stored for the person who comes back to it by the Back button, a reload or a
//! second click.

use integrations_core::{
    ids::{OrganizationId, PendingInstallId},
    oauth::ChoiceItem,
};
use serde::{Deserialize, Serialize};
use serde_json::Map;

use super::{
    Installer,
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, ProblemKind, StateProblem},
    way_back::WayBack,
};
use crate::{
    store::{PendingInstall, PendingStatus, StoreError},
    token::{Token, TokenHash},
    vault::Purpose,
};

/// How it ended, sealed in place of what the steps before needed.
#[derive(Serialize, Deserialize)]
pub(super) struct Ended {
    how: How,
    /// The request that ended it, which the log names.
    request_id: String,
}

#[derive(Serialize, Deserialize)]
enum How {
    Connected,
    Kept,
    Asked { pending: Token, before: String, after: Option<String> },
    Choosing { pending: Token, items: Vec<ChoiceItem> },
    Failed(ProblemKind),
}

impl Ended {
    pub(super) fn of(outcome: &Result<InstallOutcome, InstallProblem>, request_id: &str) -> Self {
        let how = match outcome {
            Ok(InstallOutcome::Installed { .. }) => How::Connected,
            Ok(InstallOutcome::Unconfirmed { pending, before, after, .. }) => {
                let (pending, before, after) = (pending.clone(), before.clone(), after.clone());
                How::Asked { pending, before, after }
            }
            Ok(InstallOutcome::Unchosen { pending, items, .. }) => {
                // What would be kept of each waits with the question, and ends with it.
                let shown = |item: &ChoiceItem| ChoiceItem { kept: Map::new(), ..item.clone() };
                How::Choosing { pending: pending.clone(), items: items.iter().map(shown).collect() }
            }
            // Only the browser that started it may read this.
            Err(InstallProblem { kind: ProblemKind::State(StateProblem::OtherBrowser), .. }) => {
                How::Failed(StateProblem::Elsewhere.into())
            }
            Err(problem) => How::Failed(problem.kind.clone()),
        };
        Self { how, request_id: request_id.to_owned() }
    }

    /// The person did not want another account.
    pub(super) fn kept(request_id: &str) -> Self {
        Self { how: How::Kept, request_id: request_id.to_owned() }
    }
}

/// How an installation in progress stands, for the person who began it.
#[derive(Debug)]
pub struct InstallState {
    /// The provider and project.
    pub target: InstallTarget,
    /// The project's organization.
    pub organization: OrganizationId,
    /// How it stands.
    pub standing: Standing,
    /// The way back, if the person came from a product.
    pub way_back: Option<WayBack>,
}

/// How an installation in progress stands.
#[derive(Debug)]
pub enum Standing {
    /// A replica is working on it.
    UnderWay,
    /// The provider was connected.
    Connected,
    /// Another account was not wanted, and nothing was changed.
    Kept,
    /// The question about another account waits for an answer.
    Asked {
        /// The secret that the answer must present.
        pending: Token,
        /// The account that was connected when it was asked.
        before: String,
        /// The account that would replace it, if the provider said which it is.
        after: Option<String>,
    },
    /// The question which of several is meant waits for an answer.
    Choosing {
        /// The secret that the answer must present.
        pending: Token,
        /// What can be chosen.
        items: Vec<ChoiceItem>,
    },
    /// It failed.
    Failed {
        /// What went wrong.
        kind: ProblemKind,
        /// The request that ended it, if it is known.
        request_id: Option<String>,
    },
}

impl Installer {
    /// How an installation stands. `browser` is the browser's cookie: others than the one that began are told nothing.
    pub async fn state(
        &self,
        id: PendingInstallId,
        browser: Option<&str>,
    ) -> Result<InstallState, InstallProblem> {
        let found = self.store.pending_install_by_id(id).await.map_err(InstallProblem::nowhere)?;
        let install = found.ok_or_else(|| InstallProblem::nowhere(StateProblem::Unknown))?;
        if browser.map(TokenHash::of) != Some(install.browser) {
            return Err(InstallProblem::nowhere(StateProblem::OtherBrowser));
        }
        let (target, organization) = (self.target(&install)?, install.tenant.organization);
        let way_back =
            self.way_back(install.link).await.map_err(|error| InstallProblem::at(&target, error))?;
        let standing = self.standing(install).await.map_err(|kind| InstallProblem::at(&target, kind))?;
        Ok(InstallState { target, organization, standing, way_back })
    }

    async fn standing(&self, mut install: PendingInstall) -> Result<Standing, ProblemKind> {
        let failed = |problem: StateProblem| Standing::Failed { kind: problem.into(), request_id: None };
        let now = self.environment.now();
        loop {
            match install.status {
                PendingStatus::Unconfirmed if install.expires_at <= now => {
                    return Ok(failed(StateProblem::Expired));
                }
                PendingStatus::Started | PendingStatus::Unconfirmed => {
                    return Ok(failed(StateProblem::Unknown));
                }
                PendingStatus::Redeemed if install.expires_at > now => return Ok(Standing::UnderWay),
                PendingStatus::Redeemed => return Ok(failed(StateProblem::Interrupted)),
                PendingStatus::Finished => {}
            }
            let ended = self.open::<Ended>(&install.sealed, Purpose::PendingInstall(&install));
            let Ok(Ended { how, request_id }) = ended else { return Ok(failed(StateProblem::Used)) };
            let question = match how {
                How::Connected => return Ok(Standing::Connected),
                How::Kept => return Ok(Standing::Kept),
                How::Failed(kind) => {
                    return Ok(Standing::Failed { kind, request_id: Some(request_id) });
                }
                How::Asked { pending, before, after } => {
                    (pending.hash(), Standing::Asked { pending, before, after })
                }
                How::Choosing { pending, items } => (pending.hash(), Standing::Choosing { pending, items }),
            };
            let (secret, asks) = question;
            let Some(asked) = self.store.pending_install(secret).await? else {
                return Ok(failed(StateProblem::Used));
            };
            if asked.status == PendingStatus::Unconfirmed {
                return Ok(if asked.expires_at > now { asks } else { failed(StateProblem::Expired) });
            }
            install = asked;
        }
    }

    /// The installation that this secret belonged to, if the person goes back to a product after it.
    pub async fn returning(&self, secret: &str) -> Result<Option<PendingInstallId>, StoreError> {
        let Some(install) = self.store.pending_install(TokenHash::of(secret)).await? else { return Ok(None) };
        Ok(self.way_back(install.link).await?.map(|_| install.id))
    }

    /// Stores how an installation ended.
    pub(super) async fn conclude(&self, install: &PendingInstall, ended: &Ended) {
        // It is opened as what it is by then: finished.
        let finished = PendingInstall { status: PendingStatus::Finished, ..install.clone() };
        let sealed = self.seal(ended, Purpose::PendingInstall(&finished));
        if let Err(error) = self.store.end_pending_install(install.id, sealed).await {
            tracing::error!(%error, "how an installation ended could not be stored");
        }
    }
}
