//! How this program is called, for messages and pages that say what to type: what they say works as it stands.

use std::{
    env,
    path::{Path, PathBuf},
};

/// The program as a person can call it again from any directory: its name if it was found in `PATH`, else its path.
pub fn name() -> String {
    let called = env::args_os().next().map(PathBuf::from).unwrap_or_default();
    if called.components().count() > 1 {
        return word(&called);
    }
    let called = called.to_string_lossy();
    if called.is_empty() { "riq-server".to_owned() } else { quoted(&called) }
}

/// A path as a word of a shell, from any directory.
pub fn word(path: &Path) -> String {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    quoted(&absolute.to_string_lossy())
}

/// A text as one word of a shell (POSIX, Shell Command Language, section 2.2.2).
pub fn quoted(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "_-./:=@%+,".contains(c);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// The operator's commands of a server: with the options without which they would work on something else.
#[derive(Clone, Debug)]
pub struct OperatorCommands {
    program: String,
    options: String,
    /// Whether database and keys come from the server's environment, where a command needs them too.
    pub need_environment: bool,
}

impl OperatorCommands {
    /// The commands of a program, with these options, each an option and its path.
    pub fn new(program: String, options: &[(&str, &Path)], need_environment: bool) -> Self {
        let options = options.iter().map(|(option, path)| format!(" {option} {}", word(path)));
        Self { program, options: options.collect(), need_environment }
    }

    /// A command, as it is typed: `oauth-app list`.
    pub fn admin(&self, command: &str) -> String {
        format!("{} admin {command}{}", self.program, self.options)
    }
}

impl Default for OperatorCommands {
    fn default() -> Self {
        Self::new("riq-server".to_owned(), &[], true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_the_options_that_it_needs() {
        let directories: [(&str, &Path); 2] =
            [("--data-dir", Path::new("/tmp/it's mine")), ("--providers-dir", Path::new("/etc/riq"))];
        let commands = OperatorCommands::new("/opt/riq-server".to_owned(), &directories, false);
        assert_eq!(
            commands.admin("key list"),
            r"/opt/riq-server admin key list --data-dir '/tmp/it'\''s mine' --providers-dir /etc/riq"
        );
        assert_eq!(OperatorCommands::default().admin("key list"), "riq-server admin key list");
        assert!(word(Path::new(".riq")).starts_with('/'));
    }

    #[test]
    fn a_word_is_quoted_where_a_shell_would_read_it_otherwise() {
        for plain in ["a", "/a/b-c_d.e", "é", "a=b"] {
            assert_eq!(quoted(plain), plain);
        }
        for (text, word) in [("", "''"), ("a b", "'a b'"), ("$x", "'$x'"), ("a;b", "'a;b'"), ("~", "'~'")] {
            assert_eq!(quoted(text), word);
        }
    }
}
