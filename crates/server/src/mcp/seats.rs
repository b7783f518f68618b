//! Counts who listens at this replica, so that one key does not have the database asked without end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use integrations_core::ids::ApiKeyId;

/// The most subscriptions of one key at the same time, at one replica.
pub(super) const MOST: usize = 16;

/// How many subscriptions each key has. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub(super) struct Seats(Arc<Mutex<HashMap<ApiKeyId, usize>>>);

/// A subscription that is counted while this is held.
#[derive(Debug)]
pub(super) struct Seat {
    seats: Seats,
    key: ApiKeyId,
}

impl Seats {
    /// Counts one more subscription of a key. `None`: it has as many as it may.
    pub(super) fn take(&self, key: ApiKeyId) -> Option<Seat> {
        let mut taken = self.taken();
        let count = taken.entry(key).or_default();
        if *count == MOST {
            return None;
        }
        *count += 1;
        Some(Seat { seats: self.clone(), key })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<ApiKeyId, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(count) = taken.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_so_many_and_another_as_many_again() {
        let (seats, one, other) = (Seats::default(), ApiKeyId::from_bits(1), ApiKeyId::from_bits(2));
        let mut held: Vec<Seat> = (0..MOST).map(|_| seats.take(one).unwrap()).collect();
        assert!(seats.take(one).is_none());
        assert!(seats.take(other).is_some());
        held.pop();
        assert!(seats.take(one).is_some());
        drop(held);
        assert!(seats.taken().is_empty());
    }
}
