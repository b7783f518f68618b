//! The command line as a whole: the global options, and the text of `--help`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Parser};

use crate::commands::Command;
use crate::config::Flags;

const EXAMPLES: &str = "\
Examples:
  export RIQ_API_KEY=riq_… RIQ_PROJECT_ID=prj_…
  riq integrations list
  riq integrations install slack
  riq actions run shopify lookup_order --input by=name --input 'value=#1001'
  riq integrations list --json | jq -r '.[] | select(.status == \"error\") | .provider'

Exit codes:
  0  success
  1  usage: wrong arguments, a mistyped key, an invalid config file, or you answered no to a question
  2  the API refused or failed, or could not be reached
  3  authentication or scope: there is no key, or the API refuses it
  4  still rate-limited after the one retry";

/// The Integrations API on the command line.
///
/// Data goes to standard output, and everything else to standard error. At a terminal, data is shown as tables. In a
/// pipe or a file, or with --json, it is printed as JSON: the `data` of the API's answer.
#[derive(Parser)]
#[command(name = "riq", version, max_term_width = 110, after_long_help = EXAMPLES)]
pub(crate) struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub(crate) global: Global,
    /// The command.
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Options of every command.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct Global {
    /// The API key [env: RIQ_API_KEY]
    ///
    /// Taken from this option, else from RIQ_API_KEY, else from `api_key` in the config file. Prefer the variable or
    /// the file, because other users of the machine can see the arguments of a running command.
    #[arg(long, global = true, value_name = "KEY")]
    api_key: Option<String>,
    /// The project [env: RIQ_PROJECT_ID]
    ///
    /// Its id. Taken from this option, else from RIQ_PROJECT_ID, else from `project` in the config file.
    #[arg(long, global = true, value_name = "PROJECT")]
    project: Option<String>,
    /// The organization, for commands about projects, keys and OAuth apps [env: RIQ_ORG_ID]
    ///
    /// Its id. Taken from this option, else from RIQ_ORG_ID, else from `org` in the config file.
    #[arg(long, global = true, value_name = "ORG")]
    org: Option<String>,
    /// The API's URL [env: RIQ_API_BASE]
    ///
    /// Taken from this option, else from RIQ_API_BASE, else from `api_base` in the config file, else
    /// http://127.0.0.1:8080/api/v1. You may write http://HOST, http://HOST/api/v1 or http://HOST/v1.
    #[arg(long, global = true, value_name = "URL")]
    api_base: Option<String>,
    /// The config file [env: RIQ_CONFIG]
    ///
    /// The default is $XDG_CONFIG_HOME/riq/config.toml, else ~/.config/riq/config.toml. The file is TOML with any of
    /// the keys api_key, project, org and api_base. Only its owner may have access to it (mode 0600).
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Seconds to wait for an answer
    #[arg(long, global = true, value_name = "SECONDS", default_value_t = 30, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
    /// Print JSON, even at a terminal
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Print only ids, one on each line
    ///
    /// For catalog entries and OAuth apps it prints the provider's key, for actions the action's, for install and
    /// install-url the URL, for a new API key the key itself, and for everything else the id.
    #[arg(long, global = true)]
    pub(crate) quiet: bool,
}

impl Global {
    /// The options for key, project, organization, API base and config file.
    pub(crate) fn flags(&self) -> Flags {
        Flags {
            api_key: self.api_key.clone(),
            project: self.project.clone(),
            org: self.org.clone(),
            api_base: self.api_base.clone(),
            config: self.config.clone(),
        }
    }

    /// How long to wait for an answer.
    pub(crate) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout)
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    const GUIDE: &str = include_str!("../../../docs/reference/command-line.md");

    #[test]
    fn the_definition_is_sound_and_everything_is_documented() {
        Cli::command().debug_assert();
        every(&Cli::command());
    }

    fn every(command: &clap::Command) {
        let name = command.get_name();
        assert!(command.get_about().is_some() || name == "riq", "{name} says nothing about itself");
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{name}: {} is not documented", argument.get_id());
        }
        for option in command.get_arguments().filter_map(|argument| argument.get_long()) {
            assert!(
                GUIDE.contains(&format!("--{option}")),
                "docs/reference/command-line.md does not know {name} --{option}"
            );
        }
        assert!(GUIDE.contains(name), "docs/reference/command-line.md does not know {name}");
        let leaf = !command.has_subcommands();
        assert!(!leaf || command.get_after_long_help().is_some(), "{name} has no examples");
        command.get_subcommands().for_each(every);
    }
}
