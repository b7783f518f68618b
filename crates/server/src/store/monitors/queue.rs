//! The queues in which integrations wait for their probes and renewals.

use integrations_core::catalog::ProviderRef;

/// One of the two queues of a provider, as the column `provider` of `monitors` names it: the key for the plain
/// accounts, and the key with `~` behind it for all accounts under aliases.
///
/// A server of a version that knows no aliases asks for keys alone. So it leaves the second queue, which it could not
/// work on, to those that can.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue(String);

impl Queue {
    /// The queues of the provider with this key.
    pub fn both(key: &str) -> [Self; 2] {
        [Self(key.to_owned()), Self(format!("{key}~"))]
    }

    /// The queue that an account waits in.
    pub(super) fn of(account: &ProviderRef) -> Self {
        let [plain, under_aliases] = Self::both(account.key());
        if account.alias().is_none() { plain } else { under_aliases }
    }

    /// The queue that is stored under this name.
    pub(super) fn stored(name: String) -> Self {
        Self(name)
    }

    /// The provider's key.
    pub fn provider_key(&self) -> &str {
        ProviderRef::parts(&self.0).0
    }

    /// Its name.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}
