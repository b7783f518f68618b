//! Writes the table of embedded provider files, so that a new provider only needs a file in `providers/`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    println!("cargo::rerun-if-changed=providers");
    let mut names = Vec::new();
    for entry in fs::read_dir(Path::new(&root).join("providers"))? {
        let name = entry?
            .file_name()
            .into_string()
            .map_err(|_| io::Error::other("a provider file's name is not UTF-8"))?;
        if name.ends_with(".toml") {
            names.push(name);
        }
    }
    names.sort();
    let mut table = String::from("[\n");
    for name in names {
        println!("cargo::rerun-if-changed=providers/{name}");
        let path = format!("/providers/{name}");
        writeln!(table, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),")
            .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    fs::write(Path::new(&out).join("provider_files.rs"), table)
}
