//! Puts what webhooks are told into the outbox. A transaction does it at its commit; what is in the outbox is sent by
//! the room `webhooks`, which says how it is kept.

mod announce;
mod announcement;
mod statements;

pub use self::announcement::{Announcement, details_of_a_test};
pub(super) use self::{
    announce::{announce, pending},
    statements::{OPEN_STREAM, execute, placeholders},
};
