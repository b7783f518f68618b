//! The provider files that are built into the binary.

/// Name and text of every file under `providers/`, sorted by name.
pub(super) const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/provider_files.rs"));
