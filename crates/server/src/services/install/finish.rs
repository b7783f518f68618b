//! The end of every installation: compares the account, and stores integration and credential with their audit event.

use std::{collections::BTreeSet, sync::Arc};

use integrations_core::{
    catalog::AuthKind,
    health::Verdict,
    integration::{Configuration, Connected, Integration, SecretSettings},
    lifecycle::Health,
    oauth::{AccountIdentity, Grant},
};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::{Duration, OffsetDateTime};

use super::{
    Installer, Installing,
    ended::Ended,
    installation::{Decided, Secrets, has_connection},
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, ProblemKind, StateProblem},
    report::logged,
    step_life::STEP_LIFE,
};
use crate::{
    provider::prober::Findings,
    store::{Installed, LinkUse, Loaded, PendingInstall, PendingStatus, Permission},
    token::{Token, TokenHash},
    vault::Purpose,
};

/// How long a person may take to answer a question.
const ANSWER_LIFE: Duration = Duration::minutes(10);
/// How often an installation is tried again because another request was first.
const ATTEMPTS: usize = 20;

/// A credential that works, with what is known about it.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Acquired {
    /// The way by which it was got, if a person was asked about another account. `None`: the recommended one.
    #[serde(default)]
    auth: Option<AuthKind>,
    connection: Map<String, Value>,
    credential: Map<String, Value>,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    granted_scopes: Option<BTreeSet<String>>,
    account: Option<Account>,
    /// The provider's current problem, if it has one.
    trouble: Option<String>,
    /// Whether the provider was asked.
    #[serde(default)]
    tried: Tried,
    #[serde(with = "time::serde::rfc3339")]
    probed_at: OffsetDateTime,
    /// The provider asked for no calls before this time.
    #[serde(default, with = "time::serde::rfc3339::option")]
    not_before: Option<OffsetDateTime>,
    /// The account that it replaces, if a person was asked about that.
    #[serde(default)]
    replaces: Option<String>,
}

/// Whether the provider was asked about a credential.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Tried {
    /// It was, and accepts it, or has trouble.
    #[default]
    Works,
    /// It has no request that would tell.
    Unasked,
}

/// [`AccountIdentity`] for the database.
#[derive(Clone, Serialize, Deserialize)]
struct Account {
    id: String,
    name: Option<String>,
}

impl Acquired {
    /// The result of a handshake. The provider has just issued the token, so a probe without a clear answer is
    /// accepted. A token that the provider refuses is not.
    pub(super) fn granted(
        grant: Grant,
        connection: Map<String, Value>,
        findings: Findings,
        now: OffsetDateTime,
    ) -> Result<Self, ProblemKind> {
        let trouble = match findings.verdict {
            Verdict::Well | Verdict::Unasked => None,
            Verdict::Degraded { message } => Some(message),
            Verdict::Dead { message } => return Err(ProblemKind::DeadOnArrival(message)),
        };
        let account = findings.account.map(Account::from);
        let Grant { credential, expires_at, granted_scopes, .. } = grant;
        Ok(Self {
            auth: None,
            connection,
            credential,
            expires_at,
            granted_scopes,
            account,
            trouble,
            tried: Tried::Works,
            probed_at: now,
            not_before: findings.wait.map(|wait| now + wait),
            replaces: None,
        })
    }

    /// The result of a form. Only a credential that the provider accepts in a probe is taken.
    pub(super) fn typed(
        connection: Map<String, Value>,
        credential: Map<String, Value>,
        findings: Findings,
        now: OffsetDateTime,
    ) -> Result<Self, ProblemKind> {
        let tried = match findings.verdict {
            Verdict::Well => Tried::Works,
            Verdict::Unasked => Tried::Unasked,
            Verdict::Degraded { message } => return Err(ProblemKind::Unchecked(message)),
            Verdict::Dead { message } => return Err(ProblemKind::Refused(message)),
        };
        Ok(Self {
            auth: None,
            connection,
            credential,
            expires_at: None,
            granted_scopes: None,
            account: findings.account.map(Account::from),
            trouble: None,
            tried,
            probed_at: now,
            not_before: findings.wait.map(|wait| now + wait),
            replaces: None,
        })
    }

    fn identity(&self) -> Option<AccountIdentity> {
        let account = self.account.clone()?;
        Some(AccountIdentity { id: account.id, name: account.name })
    }

    /// Whether a person must be asked before it takes the place of a credential of `before`: it belongs to another
    /// account, or it is not known to which, and nobody has answered for this one.
    fn must_ask_about(&self, before: &AccountIdentity) -> bool {
        let is_of = |account: &Account| account.id == before.id;
        !self.account.as_ref().is_some_and(is_of) && self.replaces.as_ref() != Some(&before.id)
    }

    /// Checks that it belongs to the account that its link is for.
    fn check_account(&self, expected: Option<&str>) -> Result<(), ProblemKind> {
        let is_expected = |expected| self.account.as_ref().is_some_and(|account| account.id == expected);
        if expected.is_none_or(is_expected) {
            return Ok(());
        }
        Err(ProblemKind::OtherAccount(self.identity().map(|account| account.label().to_owned())))
    }

    fn connected(&self, configuration: Configuration) -> Connected {
        let well = self.trouble.is_none() && self.tried == Tried::Works;
        let health = match (&self.trouble, self.tried) {
            (Some(_), _) => Health::Degraded,
            (None, Tried::Works) => Health::Healthy,
            (None, Tried::Unasked) => Health::Unknown,
        };
        Connected {
            configuration,
            account: self.identity(),
            health,
            error_message: self.trouble.clone(),
            synced_at: well.then_some(self.probed_at),
        }
    }
}

impl From<AccountIdentity> for Account {
    fn from(account: AccountIdentity) -> Self {
        Self { id: account.id, name: account.name }
    }
}

impl Installer {
    /// Stores the credential. If it belongs to another account than the one that is connected, or it is not known to
    /// which, it is kept until a person confirms. Somebody else may connect an account at the same time: then what is
    /// connected is looked at again.
    pub(super) async fn finish(
        &self,
        who: &Installing,
        target: &InstallTarget,
        acquired: &Acquired,
        browser: TokenHash,
    ) -> Result<InstallOutcome, ProblemKind> {
        if let Some(link) = who.link {
            let link = self.check_link(link).await?;
            acquired.check_account(link.request.expected_account.as_deref())?;
        }
        for _ in 0..ATTEMPTS {
            let before = self.store.load(&who.tenant, target.account.as_str()).await?;
            let account = before.as_ref().and_then(|before| before.integration.account.as_ref());
            if let Some(account) = account.filter(|account| acquired.must_ask_about(account)) {
                return self.ask(who, target, acquired, account, browser).await;
            }
            let decided = self.decide(who, target, acquired, before.as_ref())?;
            if let Some(integration) = self.store_decided(who, target, acquired, decided, browser).await? {
                return Ok(InstallOutcome::Installed { target: target.clone(), integration });
            }
        }
        Err(ProblemKind::Contended)
    }

    /// Asks a person whether the credential is to replace that of the account `before`.
    async fn ask(
        &self,
        who: &Installing,
        target: &InstallTarget,
        acquired: &Acquired,
        before: &AccountIdentity,
        browser: TokenHash,
    ) -> Result<InstallOutcome, ProblemKind> {
        let after = acquired.identity().map(|after| after.label().to_owned());
        let auth = Some(target.account.provider.auth);
        let asked = Acquired { auth, replaces: Some(before.id.clone()), ..acquired.clone() };
        let pending = self.hold(who, target, &asked, browser).await?;
        let before = before.label().to_owned();
        Ok(InstallOutcome::Unconfirmed { target: target.clone(), pending, before, after })
    }

    /// Stores what waits for a person's answer to a question, sealed.
    pub(super) async fn hold(
        &self,
        who: &Installing,
        target: &InstallTarget,
        waits: &impl Serialize,
        browser: TokenHash,
    ) -> Result<Token, ProblemKind> {
        let token = Token::generate(&self.environment);
        let (id, now) = (self.environment.id(), self.environment.now());
        let mut install = PendingInstall {
            id,
            status: PendingStatus::Unconfirmed,
            secret: token.hash(),
            browser,
            tenant: who.tenant,
            provider: target.account.as_str().to_owned(),
            by: who.by,
            link: who.link,
            sealed: Vec::new(),
            created_at: now,
            expires_at: now + ANSWER_LIFE,
        };
        install.sealed = self.seal(waits, Purpose::PendingInstall(&install));
        self.store.create_pending_install(install).await??;
        Ok(token)
    }

    /// Connects another account after the person has confirmed it.
    pub async fn confirm(
        self: &Arc<Self>,
        pending: &str,
        browser: Option<&str>,
        request_id: &str,
    ) -> Result<InstallOutcome, InstallProblem> {
        let (installer, pending) = (Arc::clone(self), pending.to_owned());
        let (browser, request_id) = (browser.map(str::to_owned), request_id.to_owned());
        self.to_the_end(async move {
            let waiting = installer.waiting::<Acquired>(&pending, browser.as_deref()).await;
            let waiting = waiting.map_err(|kind| logged(InstallProblem::nowhere(kind), &request_id))?;
            let acquired = waiting.map(|(_, acquired)| acquired);
            let taken = installer.take(&pending, browser.as_deref()).await;
            let (install, target) = taken.map_err(|problem| logged(problem, &request_id))?;
            let confirmed = installer.store_confirmed(&install, &target, acquired, &request_id).await;
            installer.answered(&install, &target, confirmed, &request_id).await
        })
        .await
    }

    /// Stores and tells what came of a question whose answer was taken.
    pub(super) async fn answered(
        &self,
        install: &PendingInstall,
        target: &InstallTarget,
        came: Result<InstallOutcome, ProblemKind>,
        request_id: &str,
    ) -> Result<InstallOutcome, InstallProblem> {
        let outcome = came.map_err(|kind| InstallProblem::at(target, kind).of(install.id));
        self.conclude(install, &Ended::of(&outcome, request_id)).await;
        outcome.map_err(|problem| logged(problem, request_id))
    }

    async fn store_confirmed(
        &self,
        install: &PendingInstall,
        target: &InstallTarget,
        acquired: Option<Acquired>,
        request_id: &str,
    ) -> Result<InstallOutcome, ProblemKind> {
        self.check_standing(&install.tenant, install.by).await?;
        let acquired = acquired.ok_or(ProblemKind::Internal)?;
        let by = acquired.auth.map(|auth| target.by(auth)).transpose()?;
        let target = by.as_ref().unwrap_or(target);
        let who = Installing::on_with(install, request_id);
        self.finish(&who, target, &acquired, install.browser).await
    }

    /// Drops the credential of another account, because the person does not want it. The provider's grant remains.
    pub async fn abandon(
        &self,
        pending: &str,
        browser: Option<&str>,
        request_id: &str,
    ) -> Result<InstallTarget, InstallProblem> {
        let taken = self.take(pending, browser).await;
        let (install, target) = taken.map_err(|problem| logged(problem, request_id))?;
        self.conclude(&install, &Ended::kept(request_id)).await;
        Ok(target)
    }

    /// What waits for the answer to a question of one kind, in the browser that began. `None`: the question is over.
    /// Nothing is used up by looking.
    pub(super) async fn waiting<T: for<'de> Deserialize<'de>>(
        &self,
        pending: &str,
        browser: Option<&str>,
    ) -> Result<Option<(PendingInstall, T)>, ProblemKind> {
        let install = self.pending(pending, browser).await?;
        let is_open = install.status == PendingStatus::Unconfirmed && !install.sealed.is_empty();
        if !is_open || install.expires_at <= self.environment.now() {
            return Ok(None);
        }
        let opened = self.vault.open(&install.sealed, Purpose::PendingInstall(&install))?;
        // The question was another one.
        let waits = serde_json::from_slice(opened.expose_secret()).map_err(|_| StateProblem::Unknown)?;
        Ok(Some((install, waits)))
    }

    /// Takes an unconfirmed installation in the browser that began it, so that it can be taken only once. The stored
    /// credential is erased, whatever comes of it.
    pub(super) async fn take(
        &self,
        pending: &str,
        browser: Option<&str>,
    ) -> Result<(PendingInstall, InstallTarget), InstallProblem> {
        let install = self.pending(pending, browser).await.map_err(InstallProblem::nowhere)?;
        let target = self.target(&install)?;
        let taken = self.take_unconfirmed(&install).await;
        taken.map_err(|kind| InstallProblem::at(&target, kind).of(install.id))?;
        Ok((install, target))
    }

    async fn take_unconfirmed(&self, install: &PendingInstall) -> Result<(), ProblemKind> {
        let now = self.environment.now();
        if install.status == PendingStatus::Unconfirmed && install.expires_at <= now {
            self.store.erase_expired_installs(now).await?;
            return Err(StateProblem::Expired.into());
        }
        let until = now + STEP_LIFE;
        match self.store.take_pending_install(install.id, PendingStatus::Unconfirmed, until).await? {
            true => Ok(()),
            false => Err(StateProblem::Used.into()),
        }
    }

    /// The unconfirmed installation of a secret. Fails in another browser than the one that began it.
    async fn pending(&self, secret: &str, browser: Option<&str>) -> Result<PendingInstall, ProblemKind> {
        let found = self.store.pending_install(TokenHash::of(secret)).await?;
        let install = found.ok_or(StateProblem::Unknown)?;
        if browser.map(TokenHash::of) != Some(install.browser) {
            return Err(StateProblem::OtherBrowser.into());
        }
        Ok(install)
    }

    /// Stores what was decided. `None`: the stored integration has changed since.
    async fn store_decided(
        &self,
        who: &Installing,
        target: &InstallTarget,
        acquired: &Acquired,
        decided: Decided<'_>,
        browser: TokenHash,
    ) -> Result<Option<Box<Integration>>, ProblemKind> {
        let integration = Box::new(decided.revision.integration.clone());
        let secrets = Secrets {
            connection: &acquired.connection,
            credential: &acquired.credential,
            expires_at: acquired.expires_at,
            granted_scopes: acquired.granted_scopes.as_ref(),
            not_before: acquired.not_before,
        };
        let mut installation =
            self.builder.build(who.tenant, &who.acting(), &target.account.provider, decided, secrets);
        installation.link = who.link.map(|link| LinkUse { link, browser });
        let permission = Permission { tenant: who.tenant, by: Some(who.by), at: self.environment.now() };
        match self.store.install(&permission, vec![installation]).await? {
            Installed::Stored => Ok(Some(integration)),
            Installed::Changed => Ok(None),
            Installed::LinkUsed => Err(self.link_problem(who.link).await?),
            Installed::Lapsed(lapsed) => Err(lapsed.into()),
        }
    }

    /// The integration to be stored: a new one, or the existing one with its settings, and for the same account with
    /// its permissions.
    ///
    /// The secret settings are kept as they are sealed. Only if the connection is another one than before, to which
    /// they are bound, they must be opened; if they cannot be, they are removed, and the event says so.
    fn decide<'a>(
        &self,
        who: &Installing,
        target: &InstallTarget,
        acquired: &Acquired,
        before: Option<&'a Loaded>,
    ) -> Result<Decided<'a>, ProblemKind> {
        let now = self.environment.now();
        let Some(loaded) = before else {
            let connected = acquired.connected(Configuration::default());
            let id = self.environment.id();
            let revision = Integration::install(id, who.tenant.project, &target.account, connected, now);
            return Ok(Decided { revision, replaces: None });
        };
        let integration = &loaded.integration;
        let mut configuration = integration.reconnect_configuration();
        if !has_connection(loaded, &acquired.connection) {
            configuration.secret_settings = self.movable_settings(loaded);
        }
        let connected = acquired.connected(configuration);
        let provider = &target.account.provider;
        let revision = integration.reinstall(provider, connected, now).map_err(|refusal| {
            tracing::error!(%refusal, "the lifecycle refuses an installation");
            ProblemKind::Internal
        })?;
        Ok(Decided { revision, replaces: Some(loaded) })
    }

    /// The secret settings, opened to be sealed for another connection. None if they cannot be opened.
    fn movable_settings(&self, loaded: &Loaded) -> SecretSettings {
        let opened = self.vault.open_integration(loaded).inspect_err(|error| {
            tracing::warn!(
                integration = %loaded.integration.id, %error,
                "secret settings cannot be opened and are removed, because the integration has another connection now"
            );
        });
        opened.map(|opened| opened.secret_settings).unwrap_or_default()
    }
}
