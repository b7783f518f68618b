//! The programs on the page about clients. They are run, so that what people copy works.

use anyhow::{Context, Result};

use crate::workspace;

/// The page, relative to the root.
const PAGE: &str = "docs/reference/clients.md";

/// The address that stands for the reader's own server.
const ADDRESS: &str = "https://integrations.example.com";

/// The program below a heading of the page, with the address of this server.
///
/// # Errors
/// When there is none.
pub(super) fn program(heading: &str, origin: &str) -> Result<String> {
    let page = std::fs::read_to_string(workspace::root().join(PAGE))?;
    let program = last_block(&page, heading).with_context(|| format!("no code below {heading} in {PAGE}"))?;
    Ok(program.replace(ADDRESS, origin))
}

/// The last fenced block of code below a heading of the second level.
fn last_block<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let mut sections = page.split("\n## ");
    let section = sections.find_map(|section| section.strip_prefix(heading)?.strip_prefix('\n'))?;
    let block = section.split("\n```").skip(1).step_by(2).last()?;
    block.split_once('\n').map(|(_language, code)| code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_block_is_the_program() {
        let page = "# A\n\n## B\n\n```sh\nmake b\n```\n\nText\n\n```ts\nb();\nb();\n```\n\n## C\n\n```sh\nc\n```\n\n## D\n";
        assert_eq!(last_block(page, "B"), Some("b();\nb();"));
        assert_eq!(last_block(page, "C"), Some("c"));
        assert_eq!(last_block(page, "D"), None);
        assert_eq!(last_block(page, "A"), None);
    }
}
