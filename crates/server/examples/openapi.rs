//! Prints the specification that the server's routes make: `cargo xtask openapi` writes it to docs/openapi.json.
#![expect(clippy::print_stdout, reason = "this is what it is for")]

use anyhow::Result;

fn main() -> Result<()> {
    println!("{:#}", serde_json::to_value(riq_server::openapi())?);
    Ok(())
}
