//! Hides secrets in a body that passes in parts.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use bytes::{Bytes, BytesMut};
use integrations_core::audit::REDACTED;
use memchr::memmem;

/// Hides texts in a stream. It holds back no more than may be the beginning of one.
#[derive(Debug)]
pub(super) struct Redaction {
    /// `None` if there is nothing to hide.
    search: Option<AhoCorasick>,
    hidden: Vec<String>,
    held: Bytes,
}

impl Redaction {
    /// Hides these texts.
    pub(super) fn new(hidden: &[String]) -> Self {
        let builder = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            // Each stream has one of its own, and the fastest kind takes ten times the memory.
            .kind(Some(AhoCorasickKind::ContiguousNFA))
            .build(hidden);
        // It fails only for texts of gigabytes.
        let search = builder.ok().filter(|_| !hidden.is_empty());
        Self { search, hidden: hidden.to_vec(), held: Bytes::new() }
    }

    /// Hides these texts in a body that is whole. To look for each of them once costs less than to make the search,
    /// and nearly always none is there.
    pub(super) fn in_whole(hidden: &[String], body: &[u8]) -> Self {
        let is_there = |text: &String| memmem::find(body, text.as_bytes()).is_some();
        Self::new(if hidden.iter().any(is_there) { hidden } else { &[] })
    }

    /// Takes a part, and gives back what can be passed on.
    pub(super) fn pass(&mut self, part: Bytes) -> Bytes {
        if self.search.is_none() {
            return part;
        }
        let held = std::mem::take(&mut self.held);
        let part = if held.is_empty() { part } else { [held, part].concat().into() };
        let safe = part.len() - self.open_end(&part);
        self.release(part, safe)
    }

    /// Gives back the rest.
    pub(super) fn end(&mut self) -> Bytes {
        let held = std::mem::take(&mut self.held);
        let safe = held.len();
        self.release(held, safe)
    }

    /// How long the longest end of a part is that may be the beginning of a hidden text.
    fn open_end(&self, part: &[u8]) -> usize {
        let longest = self.hidden.iter().map(String::len).max().unwrap_or_default();
        let most = part.len().min(longest.saturating_sub(1));
        let begins = |length: &usize| {
            let end = &part[part.len() - length..];
            self.hidden.iter().any(|text| text.len() > *length && text.as_bytes().starts_with(end))
        };
        (1..=most).rev().find(begins).unwrap_or_default()
    }

    /// Passes on what begins before `safe`, and holds the rest. What has nothing hidden in it is not copied.
    fn release(&mut self, part: Bytes, safe: usize) -> Bytes {
        let found = self.search.iter().flat_map(|search| search.find_iter(&part[..]));
        let (mut passed, mut at) = (BytesMut::new(), 0);
        for found in found.take_while(|found| found.start() < safe) {
            passed.extend_from_slice(&part[at..found.start()]);
            passed.extend_from_slice(REDACTED.as_bytes());
            at = found.end();
        }
        let end = safe.max(at);
        // A copy: what is held is short, and must not keep the whole part in memory.
        self.held = Bytes::copy_from_slice(&part[end..]);
        if passed.is_empty() {
            return part.slice(..end);
        }
        passed.extend_from_slice(&part[at..end]);
        passed.freeze()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(texts: &[&str]) -> Redaction {
        Redaction::new(&texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>())
    }

    fn passed(texts: &[&str], parts: &[&str]) -> String {
        let mut redaction = hidden(texts);
        let mut out = Vec::new();
        for part in parts {
            out.extend(redaction.pass(Bytes::copy_from_slice(part.as_bytes())));
        }
        out.extend(redaction.end());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn a_secret_is_hidden_wherever_the_parts_end() {
        let text = "a token_1 and token_12 and tok";
        for first in 0..text.len() {
            for second in first..text.len() {
                let parts = [&text[..first], &text[first..second], &text[second..]];
                let told = passed(&["token_1", "token_12"], &parts);
                assert_eq!(told, "a [redacted] and [redacted] and tok", "{parts:?}");
            }
        }
        assert_eq!(passed(&[], &["a", "b"]), "ab");
    }

    #[test]
    fn a_secret_is_hidden_in_a_whole_body() {
        let texts = ["token_1".to_owned(), "token_12".to_owned()];
        for (body, told) in [("a token_12 and tok", "a [redacted] and tok"), ("a tok", "a tok"), ("", "")] {
            let mut redaction = Redaction::in_whole(&texts, body.as_bytes());
            let (start, end) = (redaction.pass(Bytes::from(body)), redaction.end());
            assert_eq!([start, end].concat(), told.as_bytes());
        }
    }

    #[test]
    fn nothing_is_held_back_that_is_no_beginning() {
        let mut redaction = hidden(&["secret"]);
        assert_eq!(redaction.pass(Bytes::from_static(b"data: 1\n\n")), "data: 1\n\n");
        assert_eq!(redaction.pass(Bytes::from_static(b"data: se")), "data: ");
        assert_eq!(redaction.pass(Bytes::from_static(b"ven")), "seven");
    }
}
