//! Which C library a program needs.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use riq_testing::process;

/// The lowest version of glibc that has every symbol that the program needs, such as 2.34. `None` if it needs no glibc.
///
/// # Errors
/// When `objdump` is missing or cannot read it.
pub(super) fn needed(program: &Path) -> Result<Option<(u32, u32)>> {
    let table = process::output(Command::new("objdump").arg("-T").arg(program))
        .context("objdump says which glibc a program needs: install binutils")?;
    Ok(highest(&table))
}

/// The highest `GLIBC_` version in a table of symbols.
fn highest(table: &str) -> Option<(u32, u32)> {
    let versions = table.split("GLIBC_").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| c != '.' && !c.is_ascii_digit()).unwrap_or(rest.len());
        let mut parts = rest[..end].split('.').map(str::parse::<u32>);
        Some((parts.next()?.ok()?, parts.next()?.ok()?))
    });
    versions.max()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let table = "0 DF *UND* 0 (GLIBC_2.2.5) free\n0 DF *UND* 0 (GLIBC_2.34) __libc_start_main\n\
                     0 DF *UND* 0 (GLIBC_2.9) pipe2\n0 DF *UND* 0 (GCC_3.0) _Unwind_Resume\n";
        assert_eq!(highest(table), Some((2, 34)));
        assert_eq!(highest("no symbols"), None);
    }
}
