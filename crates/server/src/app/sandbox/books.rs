//! What the shop keeps in memory, and what arrived. It ends with the process.

use std::{
    collections::VecDeque,
    sync::{Mutex, MutexGuard, PoisonError},
};

use integrations_core::words::words;
use time::OffsetDateTime;

use super::{grants::Grants, shop::Shop};
use crate::{environment::Environment, token::TokenHash};

/// How many requests are shown.
const SHOWN: usize = 100;
/// The longest text of a request that is shown, in characters.
const LONGEST: usize = 1_000;

words! {
    /// How the shop's API behaves.
    pub(super) enum Mode {
        /// It works.
        Well = "well",
        /// It takes three seconds for each answer.
        Slow = "slow",
        /// It does nothing, and says so.
        Failing = "failing",
        /// It does what it is asked for, and its answer gets lost.
        Losing = "losing",
    }
}

/// A request that arrived. It has no header, and so no token.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// When.
    pub(super) at: OffsetDateTime,
    /// The method.
    pub(super) method: String,
    /// The path, of the API with the query.
    pub(super) path: String,
    /// The body.
    pub(super) body: String,
    /// What it was answered.
    pub(super) status: u16,
}

/// Everything that changes.
#[derive(Debug)]
pub(super) struct Books {
    /// Orders, refunds and notes.
    pub(super) shop: Shop,
    /// Whom it has let in.
    pub(super) grants: Grants,
    /// How the API behaves.
    pub(super) mode: Mode,
    /// What arrived, the newest first.
    pub(super) seen: VecDeque<Seen>,
}

impl Books {
    /// Adds a request to what is shown.
    pub(super) fn note(&mut self, mut seen: Seen) {
        for text in [&mut seen.path, &mut seen.body] {
            if let Some((end, _)) = text.char_indices().nth(LONGEST) {
                text.replace_range(end.., "…");
            }
        }
        self.seen.push_front(seen);
        self.seen.truncate(SHOWN);
    }
}

/// What all handlers share.
#[derive(Debug)]
pub(super) struct Shared {
    /// Where the shop is: `http://127.0.0.2:8081`.
    pub(super) origin: String,
    /// The hash of the secret of its only app.
    pub(super) client_secret: TokenHash,
    /// Where its only app wants people to be sent back.
    pub(super) redirect: String,
    /// Clock and randomness.
    pub(super) environment: Environment,
    books: Mutex<Books>,
}

impl Shared {
    /// A shop that has just opened.
    pub(super) fn new(
        origin: String,
        client_secret: TokenHash,
        redirect: String,
        environment: Environment,
    ) -> Self {
        let books = Books {
            shop: Shop::default(),
            grants: Grants::default(),
            mode: Mode::Well,
            seen: VecDeque::new(),
        };
        Self { origin, client_secret, redirect, environment, books: Mutex::new(books) }
    }

    /// The books. Nobody waits while they hold them.
    pub(super) fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
