//! Finds programs from outside the workspace.

use std::path::PathBuf;

/// The full path of a program on `PATH`.
pub fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_on_the_path_is_found() {
        let cargo = find_program("git").unwrap();
        assert!(cargo.is_absolute() && cargo.ends_with("git"));
        assert_eq!(find_program("no-program-has-this-name"), None);
    }
}
