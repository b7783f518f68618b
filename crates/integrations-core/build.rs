//! Writes the tables of embedded provider files, bases and logos, so that a new provider only needs files in
//! `providers/`.

use std::fmt::Write as _;
use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let root = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let out = env::var("OUT_DIR").map_err(io::Error::other)?;
    for (folder, ending, table) in [
        ("providers", ".toml", "provider_files.rs"),
        ("providers/bases", ".toml", "bases.rs"),
        ("providers/logos", ".svg", "logos.rs"),
    ] {
        let names = names(&Path::new(&root).join(folder), ending)?;
        fs::write(Path::new(&out).join(table), written(folder, &names)?)?;
    }
    Ok(())
}

/// The names in a folder with this ending, sorted.
fn names(folder: &Path, ending: &str) -> io::Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder)? {
        let name =
            entry?.file_name().into_string().map_err(|_| io::Error::other("a file's name is not UTF-8"))?;
        if name.ends_with(ending) {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// A table of names and contents.
fn written(folder: &str, names: &[String]) -> io::Result<String> {
    println!("cargo::rerun-if-changed={folder}");
    let mut table = String::from("[\n");
    for name in names {
        println!("cargo::rerun-if-changed={folder}/{name}");
        let path = format!("/{folder}/{name}");
        writeln!(table, "    ({name:?}, include_str!(concat!(env!(\"CARGO_MANIFEST_DIR\"), {path:?}))),")
            .map_err(io::Error::other)?;
    }
    table.push_str("]\n");
    Ok(table)
}
