//! What denies a run.

use crate::words::words;

words! {
    /// What denied a run.
    pub enum DeniedBy {
        /// The integration's permissions.
        Permission = "permission",
        /// A guard of the action: the message says which setting.
        Guard = "guard",
        /// A person who was asked.
        Person = "person",
    }
}
