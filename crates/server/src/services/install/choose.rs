//! Which of several sites, organisations or accounts is connected, where a consent is good for more than one.
//!
//! What was granted waits, sealed, for the person's answer, as it does when another account would be connected. It is
//! erased when the person has answered, whatever comes of it.

use std::{collections::BTreeSet, sync::Arc};

use integrations_core::{
    catalog::{AuthKind, ConsentChoice, Provider},
    oauth::{ChoiceItem, ChoiceProblem, Grant},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;

use super::{
    Installer, Installing,
    finish::Acquired,
    outcome::InstallOutcome,
    problem::{InstallProblem, InstallTarget, ProblemKind},
    report::logged,
};
use crate::{
    store::PendingInstall,
    token::{Token, TokenHash},
};

/// What a handshake granted, with what belongs to it.
pub(super) struct Granted {
    pub(super) connection: Map<String, Value>,
    pub(super) grant: Grant,
}

/// What a handshake granted, until a person has chosen. It is sealed in the database.
#[derive(Serialize, Deserialize)]
struct Unchosen {
    auth: AuthKind,
    connection: Map<String, Value>,
    credential: Map<String, Value>,
    #[serde(with = "time::serde::rfc3339::option")]
    expires_at: Option<OffsetDateTime>,
    granted_scopes: Option<BTreeSet<String>>,
    /// The token endpoint's answer, which may say whose account it is.
    answer: Value,
    items: Vec<ChoiceItem>,
}

impl Unchosen {
    fn new(auth: AuthKind, Granted { connection, grant }: Granted, items: Vec<ChoiceItem>) -> Self {
        let Grant { credential, expires_at, granted_scopes, answer, .. } = grant;
        Self { auth, connection, credential, expires_at, granted_scopes, answer, items }
    }

    /// What was granted, with what is kept of the one that was chosen. `None`: there is no such one.
    fn with(self, item: usize) -> Option<Granted> {
        let Self { connection, mut credential, expires_at, granted_scopes, answer, items, .. } = self;
        credential.extend(items.into_iter().nth(item)?.kept);
        let grant = Grant { credential, expires_at, granted_scopes, blemishes: Vec::new(), answer };
        Some(Granted { connection, grant })
    }
}

/// What is done about several.
enum Decided {
    /// This one is connected.
    One(ChoiceItem),
    /// A person is asked.
    Ask(Vec<ChoiceItem>),
}

impl Installer {
    /// Goes on with what a handshake granted: finds out what it is good for, asks a person if that is not one thing
    /// alone, tries it at the provider, and stores it.
    pub(super) async fn go_on_with(
        &self,
        who: &Installing,
        target: &InstallTarget,
        mut granted: Granted,
        browser: TokenHash,
    ) -> Result<InstallOutcome, ProblemKind> {
        let provider = &target.account.provider;
        if let Some(choice) = provider.oauth().and_then(|oauth| oauth.choice.as_ref()) {
            let items = self.items(provider, choice, &granted).await.map_err(ProblemKind::Choice)?;
            match self.decide_among(who, target, &granted, items).await? {
                Decided::One(item) => granted.grant.credential.extend(item.kept),
                Decided::Ask(items) => {
                    let unchosen = Unchosen::new(provider.auth, granted, items);
                    let pending = self.hold(who, target, &unchosen, browser).await?;
                    return Ok(InstallOutcome::Unchosen {
                        target: target.clone(),
                        pending,
                        items: unchosen.items,
                    });
                }
            }
        }
        self.try_and_store(who, target, granted, browser).await
    }

    /// Tries what was granted at the provider, and stores it.
    async fn try_and_store(
        &self,
        who: &Installing,
        target: &InstallTarget,
        Granted { connection, grant }: Granted,
        browser: TokenHash,
    ) -> Result<InstallOutcome, ProblemKind> {
        let (provider, credential) = (&target.account.provider, &grant.credential);
        let findings = self.prober.probe_granted(provider, &connection, credential, &grant.answer).await;
        let acquired = Acquired::granted(grant, connection, findings, self.environment.now())?;
        self.finish(who, target, &acquired, browser).await
    }

    /// What the provider offers.
    async fn items(
        &self,
        provider: &Provider,
        choice: &ConsentChoice,
        Granted { connection, grant }: &Granted,
    ) -> Result<Vec<ChoiceItem>, ChoiceProblem> {
        let asked = self.prober.list_choices(provider, choice, connection, &grant.credential).await;
        let answer = asked.map_err(ChoiceProblem::NoAnswer)?;
        let tokens = &provider.oauth().ok_or(ChoiceProblem::Unreadable)?.tokens;
        choice.read(tokens, answer.status, &answer.body())
    }

    /// Decides among those that the provider offers, or leaves it to the person. A link that is for one account takes
    /// that one. A link takes the account again that is connected, because its maker wants that one back. A person who
    /// came without one is asked, and finds it chosen.
    async fn decide_among(
        &self,
        who: &Installing,
        target: &InstallTarget,
        granted: &Granted,
        mut items: Vec<ChoiceItem>,
    ) -> Result<Decided, ProblemKind> {
        if items.len() == 1 {
            return Ok(Decided::One(items.remove(0)));
        }
        let expected = match who.link {
            Some(link) => self.check_link(link).await?.request.expected_account,
            None => None,
        };
        let wanted = match &expected {
            Some(expected) => Some(expected.clone()),
            None => {
                let before = self.store.load(&who.tenant, target.account.as_str()).await?;
                before.and_then(|before| before.integration.account).map(|account| account.id)
            }
        };
        let ids = items.iter().map(|item| id_of(&target.account.provider, granted, item));
        let ids: Vec<Option<String>> = ids.collect();
        let known = wanted.and_then(|wanted| ids.iter().position(|id| *id == Some(wanted.clone())));
        match known {
            Some(known) if who.link.is_some() => return Ok(Decided::One(items.swap_remove(known))),
            Some(known) => {
                for (index, item) in items.iter_mut().enumerate() {
                    item.is_preferred = index == known;
                }
            }
            None if expected.is_some() && ids.iter().all(Option::is_some) => {
                let labels: Vec<String> = items.into_iter().take(3).map(|item| item.label).collect();
                return Err(ProblemKind::OtherAccount(Some(labels.join(", "))));
            }
            None => {}
        }
        Ok(Decided::Ask(items))
    }

    /// Connects the one that the person chose. `None`, or one that is not offered: the person is asked again.
    pub async fn choose(
        self: &Arc<Self>,
        pending: &str,
        item: Option<usize>,
        browser: Option<&str>,
        request_id: &str,
    ) -> Result<InstallOutcome, InstallProblem> {
        let (installer, pending) = (Arc::clone(self), pending.to_owned());
        let (browser, request_id) = (browser.map(str::to_owned), request_id.to_owned());
        self.to_the_end(async move {
            let browser = browser.as_deref();
            let waiting = installer.waiting::<Unchosen>(&pending, browser).await;
            let waiting = waiting.map_err(|kind| logged(InstallProblem::nowhere(kind), &request_id))?;
            let granted = match waiting {
                Some((install, unchosen)) if item.is_none_or(|item| item >= unchosen.items.len()) => {
                    let target = installer.target(&install)?;
                    let pending = Token::presented(&pending);
                    return Ok(InstallOutcome::Unchosen { target, pending, items: unchosen.items });
                }
                Some((_, unchosen)) => {
                    let auth = unchosen.auth;
                    item.and_then(|item| unchosen.with(item)).map(|granted| (auth, granted))
                }
                None => None,
            };
            let taken = installer.take(&pending, browser).await;
            let (install, target) = taken.map_err(|problem| logged(problem, &request_id))?;
            let chosen = installer.store_chosen(&install, &target, granted, &request_id).await;
            installer.answered(&install, &target, chosen, &request_id).await
        })
        .await
    }

    async fn store_chosen(
        &self,
        install: &PendingInstall,
        target: &InstallTarget,
        granted: Option<(AuthKind, Granted)>,
        request_id: &str,
    ) -> Result<InstallOutcome, ProblemKind> {
        self.check_standing(&install.tenant, install.by).await?;
        let (auth, granted) = granted.ok_or(ProblemKind::Internal)?;
        let target = &target.by(auth)?;
        let who = Installing::on_with(install, request_id);
        self.try_and_store(&who, target, granted, install.browser).await
    }
}

/// The id of the account that would be connected with one of the items, as far as what is stored says it.
fn id_of(provider: &Provider, Granted { connection, grant }: &Granted, item: &ChoiceItem) -> Option<String> {
    let mut credential = grant.credential.clone();
    credential.extend(item.kept.clone());
    Some(provider.account.as_ref()?.id_by_stored(connection, &credential)?.id)
}
