//! What is wrong with an input, and where.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is wrong with a request: where it is and what was expected there.
///
/// Validation collects every issue before it answers, so that a client can correct all of them at once.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Issue {
    /// Dotted path into the body, or `query.…`; empty for the body itself.
    #[cfg_attr(feature = "openapi", schema(example = "settings.refunds_enabled"))]
    pub path: String,
    /// What is wrong, in one sentence without a final stop.
    #[cfg_attr(feature = "openapi", schema(example = "Expected boolean"))]
    pub message: String,
}

impl Issue {
    /// An issue at `path`.
    pub fn new(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), message: message.into() }
    }

    /// The same issue with `parent` before its path: `a` under `settings` is `settings.a`.
    #[must_use]
    pub fn under(mut self, parent: &str) -> Self {
        self.path = join(parent, &self.path);
        self
    }
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.message)
        } else {
            write!(f, "{}: {}", self.path, self.message)
        }
    }
}

/// Joins two dotted paths, either of which may be empty.
pub fn join(parent: &str, child: &str) -> String {
    match (parent.is_empty(), child.is_empty()) {
        (true, _) => child.to_owned(),
        (_, true) => parent.to_owned(),
        _ => format!("{parent}.{child}"),
    }
}
