//! Looks whether credentials work.

mod probe;

pub use self::probe::{Findings, Prober};
