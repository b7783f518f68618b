//! The `[[auth]]` tables of a provider file: each makes a [`Provider`] of the whole file.

use std::iter;

use crate::catalog::file::{AuthTable, ProviderFile};
use crate::catalog::names::AuthKind;
use crate::catalog::problems::Problems;
use crate::catalog::provider::Provider;
use crate::catalog::ways::Ways;

/// The longest reason for a recommendation, in bytes.
const LONGEST_WHY: usize = 200;

/// The ways of a file, in its order.
#[derive(Debug)]
pub(in crate::catalog) struct ReadWays {
    /// The recommended one.
    pub(in crate::catalog) first: Provider,
    others: Vec<Provider>,
}

impl ReadWays {
    /// All of them.
    pub(in crate::catalog) fn iter_mut(&mut self) -> impl Iterator<Item = &mut Provider> {
        iter::once(&mut self.first).chain(&mut self.others)
    }
}

impl From<ReadWays> for Ways {
    fn from(read: ReadWays) -> Self {
        Self::new(read.first, read.others)
    }
}

/// What is known of a file when it is read with one of its ways.
#[derive(Clone, Copy, Debug)]
pub(super) struct Known<'a> {
    /// The file's name.
    pub(super) stem: &'a str,
    /// Whether one of the ways has an OAuth app.
    pub(super) has_app: bool,
    /// Whether the examples of its actions are tried: only with the first way, whose actions are those of all.
    pub(super) tries_examples: bool,
}

/// What is known of a file beside its text.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfFile<'a> {
    /// Its name.
    pub(super) stem: &'a str,
    /// Whether the examples of its actions are tried.
    pub(super) tries_examples: bool,
}

/// Reads the whole file with one of its ways.
type Read = fn(ProviderFile, AuthTable, Known<'_>, &mut Problems) -> Option<Provider>;

/// Reads each way of a file by `read`. What is wrong in all ways is told once.
pub(super) fn ways(mut file: ProviderFile, of_file: OfFile<'_>, read: Read) -> Result<ReadWays, Problems> {
    let entries = std::mem::take(&mut file.auth);
    let kinds: Vec<AuthKind> = entries.iter().map(|entry| entry.kind).collect();
    let mut problems = Problems::default();
    check_entries(&entries, &mut problems);
    let is_by_app = |entry: &AuthTable| entry.kind == AuthKind::OAuth && entry.fields.is_none();
    let has_app = entries.is_empty() || entries.iter().any(is_by_app);
    let (mut ways, mut found) = (Vec::new(), Vec::new());
    let files = iter::repeat_n(file, kinds.len());
    for (index, (file, entry)) in files.zip(entries).enumerate() {
        let OfFile { stem, tries_examples } = of_file;
        let known = Known { stem, has_app, tries_examples: tries_examples && index == 0 };
        let (way, of_way) = way((file, entry), index, known, read);
        ways.extend(way);
        found.push(of_way);
    }
    problems.merge(found, &kinds);
    let is_whole = problems.is_empty() && ways.len() == kinds.len();
    let mut ways = ways.into_iter();
    match ways.next().filter(|_| is_whole) {
        Some(first) => Ok(ReadWays { first, others: ways.collect() }),
        None => Err(problems),
    }
}

/// Reads the whole file with one of its ways. Places in it are told as they stand in the file.
fn way(
    (mut file, mut entry): (ProviderFile, AuthTable),
    index: usize,
    known: Known<'_>,
    read: Read,
) -> (Option<Provider>, Problems) {
    let mut problems = Problems::default();
    let place = format!("auth.{index}");
    let mut moved = Vec::new();
    if let Some(probe) = entry.probe.take() {
        file.probe = probe;
        moved.push("probe");
    }
    if let Some(base) = entry.api_base_url.take() {
        file.api_base_url = base;
        moved.push("api_base_url");
    }
    if let Some(account) = entry.account.take() {
        file.account = Some(account);
        moved.push("account");
    }
    let way = read(file, entry, known, &mut problems);
    for table in moved {
        problems.move_to(table, &format!("{place}.{table}"));
    }
    problems.move_to("auth.0", &place);
    (way, problems)
}

fn check_entries(entries: &[AuthTable], problems: &mut Problems) {
    if entries.is_empty() {
        problems.add("auth", "a provider needs an [[auth]] entry");
    }
    for (index, entry) in entries.iter().enumerate() {
        if entries[..index].iter().any(|other| other.kind == entry.kind) {
            let message =
                format!("there is another way of the kind `{}`: a kind is the name of a way", entry.kind);
            problems.add(format!("auth.{index}.kind"), message);
        }
        let Some(why) = &entry.why else { continue };
        let is_sentence = why.trim() == why && why.ends_with('.') && !why.contains('\n');
        if index > 0 || entries.len() == 1 {
            problems.add(format!("auth.{index}.why"), "only the first of several ways is recommended");
        } else if !is_sentence || why.len() > LONGEST_WHY {
            let message =
                format!("must be a sentence on one line, with its full stop, of at most {LONGEST_WHY} bytes");
            problems.add(format!("auth.{index}.why"), message);
        }
    }
}
