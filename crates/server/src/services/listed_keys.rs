//! Which API keys exist, in memory. A key that is not listed need not be looked up, unless it was made a moment ago.
//!
//! With this list, keys that nobody made cannot keep the database from the good ones.

use std::{
    collections::HashSet,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use integrations_core::api_key::KeyHash;

/// The list. It holds a part of each hash, so a key that does not exist is listed by chance once in 2^64 / number of
/// keys. A key stays listed when it is revoked.
#[derive(Debug, Default)]
pub(super) struct ListedKeys(RwLock<List>);

#[derive(Debug, Default)]
struct List {
    parts: HashSet<u64>,
    /// Whether it was read to its end once.
    is_whole: bool,
}

impl ListedKeys {
    /// Whether the key is listed. `false` says nothing before the list is whole.
    pub(super) fn contain(&self, hash: &KeyHash) -> bool {
        self.read().parts.contains(&part(hash))
    }

    /// Whether the key may exist, as far as was read: it is listed, or not everything was read yet.
    pub(super) fn may_contain(&self, hash: &KeyHash) -> bool {
        let list = self.read();
        !list.is_whole || list.parts.contains(&part(hash))
    }

    /// Whether the list was read to its end once.
    pub(super) fn is_whole(&self) -> bool {
        self.read().is_whole
    }

    /// Adds keys. `is_last`: after them, nothing is missing.
    pub(super) fn add(&self, hashes: &[KeyHash], is_last: bool) {
        let mut list = self.write();
        list.parts.extend(hashes.iter().map(part));
        list.is_whole |= is_last;
    }

    fn read(&self) -> RwLockReadGuard<'_, List> {
        // Every step leaves it valid.
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, List> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }
}

fn part(hash: &KeyHash) -> u64 {
    hash.as_bytes().iter().take(8).fold(0, |part, byte| part << 8 | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use integrations_core::api_key::ApiKey;

    use super::*;

    #[test]
    fn what_was_added_is_listed() {
        let hash = |number: u8| KeyHash::of(&ApiKey::from_entropy([number; 32]));
        let listed = ListedKeys::default();
        listed.add(&[hash(1), hash(2)], false);
        assert!(listed.contain(&hash(1)) && listed.contain(&hash(2)) && !listed.contain(&hash(3)));
        assert!(!listed.is_whole() && listed.may_contain(&hash(3)));
        listed.add(&[], true);
        assert!(listed.may_contain(&hash(1)) && !listed.may_contain(&hash(3)));
        listed.add(&[hash(3)], false);
        assert!(listed.is_whole() && listed.contain(&hash(3)));
    }
}
