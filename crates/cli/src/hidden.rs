//! Secrets that a person gives: from a file, from standard input, or typed at a terminal that does not show them.

use std::path::Path;

use crate::context::Context;
use crate::error::Failure;

/// A secret that a command takes.
pub(crate) struct Hidden<'a> {
    /// The file that has it; `-` is standard input.
    pub(crate) file: Option<&'a Path>,
    /// The option that names the file.
    pub(crate) option: &'a str,
    /// What is asked at a terminal.
    pub(crate) question: &'a str,
    /// What is said where nobody can be asked.
    pub(crate) missing: &'a str,
}

impl Hidden<'_> {
    /// The text as it was given, and where it came from, for messages.
    pub(crate) async fn read(&self, context: &Context) -> Result<(String, String), Failure> {
        match self.file {
            Some(file) if file == Path::new("-") => {
                Ok((context.output.read_hidden_input().await?, "standard input".to_owned()))
            }
            Some(file) => {
                let place = file.display().to_string();
                let text = std::fs::read_to_string(file);
                let text =
                    text.map_err(|error| Failure::usage(format!("{} {place}: {error}", self.option)))?;
                Ok((text, place))
            }
            None if context.may_ask() => {
                Ok((context.output.ask_hidden(self.question).await?, "the terminal".to_owned()))
            }
            None => Err(Failure::usage(self.missing.to_owned())),
        }
    }
}
