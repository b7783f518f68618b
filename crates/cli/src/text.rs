//! Text for a terminal: escaping, colours, tables and cards.

use std::fmt;

use console::{measure_text_width, truncate_str};
use integrations_core::characters::{is_invisible, turns_direction};
use integrations_core::lifecycle::{Health, Status};
use integrations_core::standing::Standing;
use integrations_core::wire::Open;
use serde_json::Value;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory as _};

/// Marks the end of text that was cut. It is ASCII, so that every terminal can show it.
const CUT: &str = "...";
/// The least width of a card's values, in columns.
const LEAST_VALUE_WIDTH: usize = 8;
/// The most blanks in a row that are shown as they are where nothing may be pushed out of sight.
const MOST_BLANKS: usize = 3;

/// Whether a terminal acts on a character instead of showing it: control characters, and those that reorder or split
/// lines.
pub(crate) fn controls_terminal(c: char) -> bool {
    c.is_control() || turns_direction(c) || matches!(c, '\u{2028}' | '\u{2029}')
}

/// Replaces every character that controls a terminal by its escape. For text that does not come from riq.
pub(crate) fn clean(text: &str) -> String {
    text.chars().fold(String::with_capacity(text.len()), |mut clean, c| {
        if controls_terminal(c) {
            clean.extend(c.escape_unicode());
        } else {
            clean.push(c);
        }
        clean
    })
}

/// Whether a person does not see what a character does to a text: control and format characters, separators other than
/// the space, private and unassigned characters, and those that show nothing.
pub(crate) fn hides(c: char) -> bool {
    c != ' '
        && (controls_terminal(c)
            || is_invisible(c)
            || matches!(
                c.general_category_group(),
                GeneralCategoryGroup::Other | GeneralCategoryGroup::Separator
            ))
}

/// Text that somebody decides on: every character that hides something is written out, and many blanks are counted, so
/// that nothing can be pushed out of sight.
pub(crate) fn written_out(text: &str) -> String {
    let (mut shown, mut rest) = (String::with_capacity(text.len()), text);
    while let Some(c) = rest.chars().next() {
        let blanks = rest.len() - rest.trim_start_matches(' ').len();
        if blanks > MOST_BLANKS {
            shown.push_str(&format!("[{blanks} blanks]"));
            rest = &rest[blanks..];
            continue;
        }
        if hides(c) {
            shown.extend(c.escape_unicode());
        } else {
            shown.push(c);
        }
        rest = &rest[c.len_utf8()..];
    }
    shown
}

/// The members of a JSON object for a card, each with its whole value on one line, written out.
pub(crate) fn members(object: &Value, width: usize) -> String {
    let members = object.as_object().into_iter().flatten();
    let rows = members.map(|(name, value)| (written_out(name), written_out(&value.to_string())));
    aligned(rows.collect(), width)
}

/// Takes from `pending` what can be shown at a terminal: whole characters, without those that control it. The bytes
/// of a character that has not come whole stay.
pub(crate) fn shown(pending: &mut Vec<u8>) -> String {
    let whole = match std::str::from_utf8(pending) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        _ => pending.len(),
    };
    let bytes: Vec<u8> = pending.drain(..whole).collect();
    let lines = String::from_utf8_lossy(&bytes);
    lines.split_inclusive(['\n', '\t']).fold(String::new(), |mut text, piece| {
        let end = piece.len() - usize::from(piece.ends_with(['\n', '\t']));
        text.push_str(&clean(&piece[..end]));
        text.push_str(&piece[end..]);
        text
    })
}

/// Colours, or none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Paint(bool);

impl Paint {
    /// Colours if `on`.
    pub(crate) fn new(on: bool) -> Self {
        Self(on)
    }

    /// Whether there are colours.
    pub(crate) fn enabled(self) -> bool {
        self.0
    }

    fn with(self, sequence: &str, text: &str) -> String {
        if self.0 && !text.is_empty() {
            format!("\u{1b}[{sequence}m{text}\u{1b}[0m")
        } else {
            text.to_owned()
        }
    }

    /// Bold.
    pub(crate) fn strong(self, text: &str) -> String {
        self.with("1", text)
    }

    /// Dim.
    pub(crate) fn dim(self, text: &str) -> String {
        self.with("2", text)
    }

    /// Bold red.
    pub(crate) fn bad(self, text: &str) -> String {
        self.with("1;31", text)
    }

    /// A status or health in its colour. Other text, such as a status that riq does not know, is not changed.
    pub(crate) fn state(self, text: &str) -> String {
        let word = text.trim_end();
        let colour = match (word.parse(), word.parse()) {
            (Ok(Standing::Installed(Status::Active)), _) | (_, Ok(Health::Healthy)) => "32",
            (Ok(Standing::Installed(Status::Paused)), _) | (_, Ok(Health::Degraded)) => "33",
            (Ok(Standing::Installed(Status::Error)), _) | (_, Ok(Health::Unhealthy)) => "31",
            (Ok(Standing::Installed(Status::Disconnected) | Standing::Available), _)
            | (_, Ok(Health::Unknown)) => return self.dim(text),
            (Err(_), Err(_)) => return text.to_owned(),
        };
        self.with(colour, text)
    }
}

/// The text of a cell, escaped; `-` if there is none.
pub(crate) fn cell(text: Option<&str>) -> String {
    text.filter(|text| !text.is_empty()).map_or_else(|| "-".to_owned(), clean)
}

/// A word of the API in a cell, even if riq does not know it.
pub(crate) fn word<T: fmt::Display>(word: &Open<T>) -> String {
    cell(Some(&word.to_string()))
}

/// A time without its fraction of a second, to keep the table narrow; `-` if there is none.
pub(crate) fn time(at: Option<OffsetDateTime>) -> String {
    let text = at.and_then(|at| at.replace_nanosecond(0).ok()?.format(&Rfc3339).ok());
    cell(text.as_deref())
}

/// `yes` or `no`.
pub(crate) fn yes_no(value: bool) -> String {
    if value { "yes" } else { "no" }.to_owned()
}

/// Cuts text to `width`.
pub(crate) fn cut(text: &str, width: usize) -> String {
    truncate_str(text, width, CUT).into_owned()
}

/// One column of a table.
#[derive(Clone, Copy)]
pub(crate) struct Column {
    title: &'static str,
    /// The least width that it may be cut to. `None`: it is not cut.
    least: Option<usize>,
    /// Its rank if the terminal is too narrow for all columns: the lowest is left out first. `None`: it always stays.
    expendable: Option<u8>,
}

impl Column {
    /// A column that keeps its width.
    pub(crate) const fn fixed(title: &'static str) -> Self {
        Self { title, least: None, expendable: None }
    }

    /// A column that can be cut down to `least`.
    pub(crate) const fn flexible(title: &'static str, least: usize) -> Self {
        Self { title, least: Some(least), expendable: None }
    }

    /// The same column, but left out on a narrow terminal. The lowest rank is left out first.
    pub(crate) const fn expendable(self, rank: u8) -> Self {
        Self { expendable: Some(rank), ..self }
    }
}

/// Formats rows of escaped cells under their headings. No line is wider than `width`.
pub(crate) fn table(columns: &[Column], rows: &[Vec<String>], width: usize, paint: Paint) -> String {
    let headings: Vec<String> = columns.iter().map(|column| column.title.to_owned()).collect();
    let shown = fit_columns(columns, rows, width);
    let mut text = String::new();
    for (index, row) in std::iter::once(&headings).chain(rows).enumerate() {
        let mut line = String::new();
        let mut left = width;
        for &(column, column_width) in &shown {
            let content = row.get(column).map_or("", String::as_str);
            let content = truncate_str(content, column_width.min(left), CUT);
            let gap = (column_width + 2).saturating_sub(measure_text_width(&content));
            line.push_str(&if index == 0 { paint.strong(&content) } else { paint.state(&content) });
            line.push_str(&" ".repeat(gap));
            left = left.saturating_sub(column_width + 2);
            if left == 0 {
                break;
            }
        }
        text.push_str(line.trim_end_matches(' '));
        text.push('\n');
    }
    text
}

/// The columns that fit, and their widths. If the contents do not fit, expendable columns are left out first. Then the
/// widest flexible column is narrowed, step by step.
fn fit_columns(columns: &[Column], rows: &[Vec<String>], width: usize) -> Vec<(usize, usize)> {
    let natural = |index: usize, column: &Column| {
        let cells = rows.iter().filter_map(|row| row.get(index)).map(|cell| measure_text_width(cell));
        cells.max().unwrap_or(0).max(measure_text_width(column.title))
    };
    let mut shown: Vec<(usize, usize)> =
        columns.iter().enumerate().map(|(index, column)| (index, natural(index, column))).collect();
    let least =
        |&(index, natural): &(usize, usize)| columns[index].least.map_or(natural, |least| natural.min(least));
    while shown.iter().map(|column| least(column) + 2).sum::<usize>() > width + 2 {
        let expendable =
            shown.iter().filter_map(|&(index, _)| columns[index].expendable.map(|rank| (rank, index)));
        let Some((_, first)) = expendable.min() else { break };
        shown.retain(|&(index, _)| index != first);
    }
    while shown.iter().map(|(_, width)| width + 2).sum::<usize>() > width + 2 {
        let can_give =
            |column: &&mut (usize, usize)| columns[column.0].least.is_some_and(|least| column.1 > least);
        let Some(widest) = shown.iter_mut().filter(can_give).max_by_key(|column| column.1) else { break };
        widest.1 -= 1;
    }
    shown
}

/// Formats facts as aligned lines, `name  value`, wrapped between words at `width`. A value of several lines stands
/// indented below its name.
pub(crate) fn card(facts: &[(&str, String)], width: usize, paint: Paint) -> String {
    let indent = facts.iter().map(|(name, _)| name.len()).max().unwrap_or(0) + 2;
    let mut text = String::new();
    for (name, value) in facts {
        if value.contains('\n') {
            text.push_str(&format!("{}\n", paint.strong(name)));
            value.lines().for_each(|line| text.push_str(&format!("  {line}\n")));
        } else {
            let gap = " ".repeat(indent - name.len());
            let value = wrap(value, width.saturating_sub(indent).max(LEAST_VALUE_WIDTH));
            let value = value.iter().map(|line| paint.state(line)).collect::<Vec<_>>();
            text.push_str(&format!(
                "{}{gap}{}\n",
                paint.strong(name),
                value.join(&format!("\n{:indent$}", ""))
            ));
        }
    }
    text
}

/// Wraps text between words. A word that is too long is not broken, so that a URL can be copied.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if measure_text_width(line) + 1 + measure_text_width(word) <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

/// Lines of two columns for a card. The right one is wrapped between words at `width`. The newline at the end makes the
/// card put even a single line below its name.
pub(crate) fn aligned(rows: Vec<(String, String)>, width: usize) -> String {
    let left_width = rows.iter().map(|(left, _)| measure_text_width(left)).max().unwrap_or(0);
    let right_width = width.saturating_sub(left_width + 4).max(LEAST_VALUE_WIDTH);
    let mut text = String::new();
    for (left, right) in &rows {
        let right = wrap(right, right_width).join(&format!("\n{:left_width$}  ", ""));
        let gap = " ".repeat(left_width - measure_text_width(left));
        text.push_str(&format!("{left}{gap}  {right}\n"));
    }
    if text.is_empty() { cell(None) } else { text }
}

/// A JSON value for a card, escaped. An object or array takes several lines.
pub(crate) fn json_block(value: &Value) -> String {
    match value {
        Value::Object(object) if object.is_empty() => "-".to_owned(),
        Value::Null => "-".to_owned(),
        _ => format!("{value:#}").lines().map(clean).collect::<Vec<_>>().join("\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLAIN: Paint = Paint(false);

    fn rows(rows: &[&[&str]]) -> Vec<Vec<String>> {
        rows.iter().map(|row| row.iter().map(|cell| clean(cell)).collect()).collect()
    }

    #[test]
    fn what_steers_a_terminal_is_written_out() {
        assert_eq!(
            clean("a\u{1b}]0;x\u{7}\r\n\u{9b}2J\u{202e}é漢"),
            "a\\u{1b}]0;x\\u{7}\\u{d}\\u{a}\\u{9b}2J\\u{202e}é漢"
        );
    }

    #[test]
    fn nothing_is_hidden_from_who_decides() {
        for (text, shown) in [
            ("é 漢 🙂", "é 漢 🙂"),
            ("a\u{200b}b\u{202e}c\u{ad}", "a\\u{200b}b\\u{202e}c\\u{ad}"),
            ("\u{e0041}\u{fe0f}\u{3164}", "\\u{e0041}\\u{fe0f}\\u{3164}"),
            ("a\u{a0}b\u{3000}\u{2028}", "a\\u{a0}b\\u{3000}\\u{2028}"),
            ("\u{e000}\u{10ffff}\u{378}", "\\u{e000}\\u{10ffff}\\u{378}"),
            ("a\r\n\tb", "a\\u{d}\\u{a}\\u{9}b"),
            ("a   b    c", "a   b[4 blanks]c"),
        ] {
            assert_eq!(written_out(text), shown);
        }
        let pushed = format!("ok{}; refund all", " ".repeat(9000));
        assert_eq!(written_out(&pushed), "ok[9000 blanks]; refund all");
        let long = serde_json::json!({"note": "x".repeat(500), "n\u{200b}": "a\nb"});
        let lines = members(&long, 40);
        assert!(lines.contains(&"x".repeat(500)) && lines.contains("n\\u{200b}  \"a\\nb\""), "{lines}");
    }

    #[test]
    fn bytes_are_shown_as_whole_characters() {
        let mut pending = b"a\tb\n\x1b[2J\xc3".to_vec();
        assert_eq!(shown(&mut pending), "a\tb\n\\u{1b}[2J");
        pending.extend(b"\xa9\xff\r\n");
        assert_eq!(shown(&mut pending), "é\u{fffd}\\u{d}\n");
        assert!(pending.is_empty());
    }

    #[test]
    fn columns_align_by_width_on_screen() {
        let columns = [Column::fixed("PROVIDER"), Column::flexible("NAME", 8), Column::fixed("STATUS")];
        let text =
            table(&columns, &rows(&[&["slack", "漢字", "active"], &["x", "Acme", "error"]]), 80, PLAIN);
        assert_eq!(text, "PROVIDER  NAME  STATUS\nslack     漢字  active\nx         Acme  error\n");
    }

    #[test]
    fn a_narrow_terminal_cuts_the_widest_flexible_column_first() {
        let columns = [Column::fixed("A"), Column::flexible("B", 4), Column::flexible("C", 4)];
        let long = rows(&[&["1234", "short", "a long description that does not fit"]]);
        assert_eq!(table(&columns, &long, 30, PLAIN), "A     B      C\n1234  short  a long descrip...\n");
    }

    #[test]
    fn a_narrower_one_loses_what_is_expendable() {
        let columns = [
            Column::fixed("A"),
            Column::fixed("B").expendable(1),
            Column::flexible("C", 8).expendable(0),
            Column::fixed("D"),
        ];
        let wide = rows(&[&["1234567890", "1234567890", "1234567890", "1234567890"]]);
        let headings =
            |width| table(&columns, &wide, width, PLAIN).lines().next().map(|line| line.replace(' ', ""));
        for (width, shown) in [(46, "ABCD"), (44, "ABCD"), (43, "ABD"), (33, "AD"), (20, "AD"), (5, "A")] {
            assert_eq!(headings(width).as_deref(), Some(shown), "{width}");
            let text = table(&columns, &wide, width, PLAIN);
            assert!(text.lines().all(|line| measure_text_width(line) <= width), "{width}: {text}");
        }
    }

    #[test]
    fn a_card_breaks_long_values_between_words() {
        let facts = [
            ("Name", "one two three".to_owned()),
            ("Site", "https://a-long-address".to_owned()),
            ("X", "1\n2".to_owned()),
        ];
        let text = card(&facts, 16, PLAIN);
        assert_eq!(text, "Name  one two\n      three\nSite  https://a-long-address\nX\n  1\n  2\n");
    }

    #[test]
    fn two_columns_break_in_the_right_one() {
        let rows = vec![("a".to_owned(), "one two three".to_owned()), ("long".to_owned(), "x".to_owned())];
        assert_eq!(aligned(rows, 16), "a     one two\n      three\nlong  x\n");
    }

    #[test]
    fn states_are_coloured_and_nothing_else() {
        assert_eq!(Paint(true).state("paused"), "\u{1b}[33mpaused\u{1b}[0m");
        for (text, shown) in [
            ("slack", "slack"),
            ("hibernating", "hibernating"),
            ("healthy  ", "\u{1b}[32mhealthy  \u{1b}[0m"),
        ] {
            assert_eq!(Paint(true).state(text), shown);
        }
        assert_eq!(PLAIN.state("error"), "error");
    }

    #[test]
    fn times_lose_their_fraction() {
        for text in ["2026-05-17T17:55:00.123456Z", "2026-05-17T17:55:00Z"] {
            let at = OffsetDateTime::parse(text, &Rfc3339).unwrap();
            assert_eq!(time(Some(at)), "2026-05-17T17:55:00Z");
        }
        assert_eq!(time(None), "-");
    }
}
