//! Which events a webhook is told.

use super::EventType;

/// The most patterns of a webhook.
pub const MAX_PATTERNS: usize = 50;

/// The events that a webhook asks for: names, prefixes such as `integration.*`, or `*` for all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription(Vec<String>);

/// A text that names no event.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Names no event. Expected *, a prefix such as integration.*, or one of {}", names())]
pub struct UnknownEvents;

fn names() -> String {
    EventType::ALL.map(EventType::as_str).join(", ")
}

impl Subscription {
    /// Reads one pattern.
    ///
    /// # Errors
    ///
    /// If no event matches it.
    pub fn pattern(text: &str) -> Result<String, UnknownEvents> {
        let matches_some = EventType::ALL.into_iter().any(|kind| matches(text, kind));
        if matches_some { Ok(text.to_owned()) } else { Err(UnknownEvents) }
    }

    /// The events that match one of these patterns. Equal ones count once.
    pub fn new(patterns: impl IntoIterator<Item = String>) -> Self {
        let mut kept: Vec<String> = Vec::new();
        for pattern in patterns {
            if !kept.contains(&pattern) {
                kept.push(pattern);
            }
        }
        Self(kept)
    }

    /// The patterns, as they were given.
    pub fn patterns(&self) -> &[String] {
        &self.0
    }

    /// Whether a webhook with it is told such an event.
    pub fn includes(&self, kind: EventType) -> bool {
        self.0.iter().any(|pattern| matches(pattern, kind))
    }
}

/// A prefix ends at a full stop, so that `integration.*` does not match `integrations.…`.
fn matches(pattern: &str, kind: EventType) -> bool {
    match pattern.strip_suffix('*') {
        Some("") => true,
        Some(prefix) => prefix.ends_with('.') && prefix.len() > 1 && kind.as_str().starts_with(prefix),
        None => kind.as_str() == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn includes(pattern: &str, kind: EventType) -> bool {
        Subscription::new([pattern.to_owned()]).includes(kind)
    }

    #[test]
    fn patterns_are_names_prefixes_and_all() {
        assert!(EventType::ALL.into_iter().all(|kind| includes("*", kind)));
        assert!(includes("integration.*", EventType::IntegrationHealthChanged));
        assert!(includes("integration.lifecycle.*", EventType::IntegrationLifecycleUpdated));
        assert!(!includes("integration.lifecycle.*", EventType::IntegrationInstalled));
        assert!(!includes("integration.*", EventType::ApprovalRequested));
        assert!(includes("approval.decided", EventType::ApprovalDecided));
        assert!(!includes("approval", EventType::ApprovalDecided));
    }

    #[test]
    fn what_matches_nothing_is_refused() {
        for text in [
            "",
            "integration",
            "integration.",
            "integr*",
            "integration*",
            ".*",
            "**",
            "*.*",
            "nothing.*",
            "Integration.*",
        ] {
            assert_eq!(Subscription::pattern(text), Err(UnknownEvents), "{text}");
        }
        for text in ["*", "integration.*", "webhook.test"] {
            assert_eq!(Subscription::pattern(text), Ok(text.to_owned()));
        }
    }
}
