//! Which inputs of an action carry a message for people.

use crate::words::words;

/// What makes of an action one that sends a message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Message {
    /// The input that takes the text.
    pub text: String,
    /// The input that takes the subject, if there is one.
    pub subject: Option<String>,
    /// How the provider reads the text.
    pub markup: Markup,
    /// The inputs that say who gets it and by whom, and carry no words of their own. A project sets these alone.
    pub destination: Vec<String>,
}

/// The most characters of a text that is sent as a message. An action that carries one takes at least as many.
pub const MAX_MESSAGE: usize = 1_900;
/// The most characters of its subject.
pub const MAX_SUBJECT: usize = 150;

words! {
    /// How a provider reads the text of a message.
    pub enum Markup {
        /// As it stands.
        Plain = "plain",
        /// As Markdown.
        Markdown = "markdown",
        /// As Slack's mrkdwn, after the file's quoting.
        Slack = "slack",
    }
}
