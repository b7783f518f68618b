//! `riq auth logout`

use clap::Args;
use serde_json::json;

use super::context::Context;
use crate::config::Source;
use crate::config_file;
use crate::error::Failure;
use crate::output::Mode;

const EXAMPLES: &str = "\
Removes the key from the config file. It works on wherever else it is kept, until it expires or is revoked.

Examples:
  riq auth logout";

/// The command's arguments.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments {}

/// Removes the key from the config file.
pub(crate) fn run(context: &Context) -> Result<(), Failure> {
    let (config, output) = (&context.config, &context.output);
    let path = config.path.as_deref().filter(|path| path.exists());
    if let Some(path) = path {
        config_file::change(path, &[("api_key", None)])?;
    }
    let path = path.map(|path| path.display().to_string());
    match (output.mode, &path) {
        (Mode::Quiet, _) => {}
        (Mode::Json, _) => output.json(&json!({"config_file": path}))?,
        (Mode::Table, Some(path)) => output.notice(&format!(
            "There is no key in {path} any more. The key itself works until it expires or is revoked."
        )),
        (Mode::Table, None) => output.notice("There is no config file, so there was no key in it."),
    }
    if let Some(key) = &config.api_key
        && !matches!(key.source, Source::File(_))
    {
        output.warning(&format!("there is still a key from {}", key.source));
    }
    Ok(())
}
