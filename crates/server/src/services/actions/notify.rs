//! Where a project has people told of what waits for one of them: whether that can be, and what stands in its way.

use integrations_core::{
    action::{Destination, read_call},
    catalog::{
        ProviderAccount,
        action::{Action, MAX_SUBJECT, Message},
    },
    fields::BodyError,
    issue::Issue,
    lifecycle::Status,
    permissions::Permission,
};
use serde_json::{Map, Value, json};

use super::Actions;
use crate::store::{Loaded, ReadError, Tenant};

/// Why no message can be sent there. The words are a sentence without a final stop.
#[derive(Debug)]
pub(super) struct Obstacle {
    /// The member of the destination that is wrong.
    pub(super) member: &'static str,
    /// What is wrong.
    pub(super) words: String,
}

/// An account and its action that sends messages.
#[derive(Debug)]
pub(super) struct Messenger {
    /// The account, by the way that it is connected.
    pub(super) account: ProviderAccount,
    /// The integration.
    pub(super) loaded: Loaded,
    /// The action.
    pub(super) action: Action,
    /// Which of its inputs carry the message.
    pub(super) message: Message,
}

impl Messenger {
    /// The account at the provider, if it is known.
    fn account_id(&self) -> Option<String> {
        self.loaded.integration.account.as_ref().map(|account| account.id.clone())
    }

    /// Why nothing is sent there by this account. `None`: it is the one that a person has chosen.
    pub(super) fn other_account(&self, destination: &Destination) -> Option<String> {
        let name = self.account.label();
        (!destination.is_of(self.account_id().as_deref()))
            .then(|| format!("{name} is connected to another account than when this was set: set it again"))
    }
}

impl Actions {
    /// What sends messages to a destination. The inner error says why there is none.
    pub(super) async fn messenger(
        &self,
        tenant: &Tenant,
        destination: &Destination,
    ) -> Result<Result<Messenger, Obstacle>, ReadError> {
        let at = |member, words: String| Ok(Err(Obstacle { member, words }));
        let Ok(account) = self.catalog.account(&destination.provider) else {
            return at("provider", "There is no such provider".to_owned());
        };
        let Some(loaded) = self.store.load(tenant, account.as_str()).await? else {
            return at("provider", format!("{} is not installed in this project", account.label()));
        };
        let account = account.stored(loaded.way());
        let name = account.label();
        let Some(action) = account.provider.action(&destination.action).cloned() else {
            return at("action", format!("{name} has no action of this name"));
        };
        let Some(message) = action.message.clone() else {
            return at("action", format!("“{}” of {name} does not send a message to people", action.label));
        };
        Ok(Ok(Messenger { account, loaded, action, message }))
    }

    /// A destination that is to be set, with the account that it is of at this time. The inner error is everything that
    /// is wrong with it. The paths are those of a change of the policy.
    pub(super) async fn to_be_set(
        &self,
        tenant: &Tenant,
        destination: Destination,
    ) -> Result<Result<Destination, Vec<Issue>>, ReadError> {
        let (issues, account) = match self.messenger(tenant, &destination).await? {
            Ok(messenger) => (issues_of_input(&messenger, &destination.input), messenger.account_id()),
            Err(Obstacle { member, words }) => (vec![Issue::new(member, words)], None),
        };
        if issues.is_empty() {
            return Ok(Ok(Destination { account, ..destination }));
        }
        Ok(Err(issues.into_iter().map(|issue| issue.under("notify")).collect()))
    }

    /// Why nothing is sent to a destination at this time. `None`: nothing is known to stand in the way.
    pub(super) async fn problem_of(
        &self,
        tenant: &Tenant,
        destination: &Destination,
    ) -> Result<Option<String>, ReadError> {
        let messenger = match self.messenger(tenant, destination).await? {
            Ok(messenger) => messenger,
            Err(Obstacle { words, .. }) => return Ok(Some(words)),
        };
        let (name, integration) = (messenger.account.label(), &messenger.loaded.integration);
        if integration.status() != Status::Active {
            return Ok(Some(format!("{name} is {}", integration.status())));
        }
        if let Some(words) = messenger.other_account(destination) {
            return Ok(Some(words));
        }
        let action = &messenger.action;
        let permission = integration.action_permissions.get(&action.key).copied().unwrap_or_default();
        Ok((permission == Permission::Off).then(|| format!("“{}” of {name} is not permitted", action.label)))
    }
}

/// Why an input is refused that says something else than where a message goes.
fn elsewhere(message: &Message) -> String {
    let names = message.destination.join(", ");
    format!("Leave it out: it does not say where a message goes. What does is: {names}")
}

/// What is wrong with the part of an input that a person sets, as a call with a message would be told.
fn issues_of_input(messenger: &Messenger, given: &Map<String, Value>) -> Vec<Issue> {
    let Messenger { action, message, loaded, .. } = messenger;
    let of_message = [Some(&message.text), message.subject.as_ref()];
    let is_carried = |name: &String| of_message.contains(&Some(name));
    let is_known = |name: &&String| action.inputs.iter().any(|input| input.key == **name);
    let issues = given.keys().filter(is_known).filter_map(|name| match name {
        name if message.destination.contains(name) => None,
        name if is_carried(name) => Some(Issue::new(name, "Leave it out: the server writes it")),
        name => Some(Issue::new(name, elsewhere(message))),
    });
    let issues: Vec<Issue> = issues.collect();
    let mut input = given.clone();
    for name in of_message.into_iter().flatten() {
        input.insert(name.clone(), "x".repeat(MAX_SUBJECT).into());
    }
    let mut issues: Vec<Issue> = issues.into_iter().map(|issue| issue.under("input")).collect();
    let body = json!({"input": input}).to_string();
    match read_call(action, &loaded.integration.settings, body.as_bytes()) {
        Err(BodyError::Invalid(more)) => issues.extend(more),
        Err(error) => issues.push(Issue::new("input", error.to_string())),
        Ok(_) => {}
    }
    issues
}
