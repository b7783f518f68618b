//! Markdown, as far as the rules read it.

/// The numbered lines of a document that stand outside code blocks.
pub(super) fn lines_outside_code(text: &str) -> Vec<(usize, &str)> {
    let mut fence = None;
    let mut outside = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let begun = line.trim_start_matches([' ', '>']);
        let marker = ["```", "~~~"].into_iter().find(|marker| begun.starts_with(marker));
        match (fence, marker) {
            (None, Some(_)) => fence = marker,
            (Some(open), Some(marker)) if open == marker => fence = None,
            (None, None) => outside.push((at + 1, line)),
            _ => {}
        }
    }
    outside
}
