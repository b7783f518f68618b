//! Compresses the script of the reference page (`/docs`). The script comes from the crate `scalar_api_reference`, whose
//! version is in `Cargo.lock`: `cargo update -p scalar_api_reference` gets a newer one.

use std::path::Path;
use std::{env, fs, io};

use flate2::{Compression, write::GzEncoder};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    let script = scalar_api_reference::get_asset("scalar.js")
        .ok_or_else(|| io::Error::other("scalar_api_reference no longer contains scalar.js"))?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    let file = fs::File::create(Path::new(&out).join("scalar.js.gz"))?;
    let mut compressed = GzEncoder::new(file, Compression::best());
    io::copy(&mut script.as_slice(), &mut compressed)?;
    compressed.finish()?;
    Ok(())
}
