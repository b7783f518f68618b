//! Prints the specification that the server's routes make, or with `provider-file` the JSON Schema of provider files:
//! `cargo xtask openapi` writes them to docs/.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use anyhow::Result;

fn main() -> Result<()> {
    let printed = match std::env::args().nth(1).as_deref() {
        Some("provider-file") => integrations_core::catalog::provider_file_schema(),
        _ => serde_json::to_value(riq_server::openapi())?,
    };
    println!("{printed:#}");
    Ok(())
}
