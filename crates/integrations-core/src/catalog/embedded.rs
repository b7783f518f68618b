//! The provider files and logos that are built into the binary.

/// Name and text of every file under `providers/`, sorted by name.
pub(super) const FILES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/provider_files.rs"));

/// Name and text of every file under `providers/bases/`, sorted by name.
pub(super) const BASES: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/bases.rs"));

/// Name and text of every SVG under `providers/logos/`, sorted by name: `slack.svg`, and `github.dark.svg` for dark
/// pages beside `github.svg`.
pub(super) const LOGOS: &[(&str, &str)] = &include!(concat!(env!("OUT_DIR"), "/logos.rs"));
