//! The data of a stream of server-sent events (WHATWG HTML, section 9.2), that has come to its end.

/// The media type of such a stream.
pub(super) const MEDIA_TYPE: &str = "text/event-stream";

/// The data of the last event that has any, which is the answer where others report on the way to it, as in the Model
/// Context Protocol. `None`: there is none, or the stream is cut off, so that the answer may have been about to follow.
pub(super) fn last_data(stream: &str, is_cut_off: bool) -> Option<String> {
    if is_cut_off {
        return None;
    }
    let (mut last, mut data) = (None, Vec::new());
    for line in lines(stream).chain([""]) {
        if line.is_empty() {
            let ended = std::mem::take(&mut data).join("\n");
            last = if ended.is_empty() { last } else { Some(ended) };
        } else if let Some(rest) = line.strip_prefix("data") {
            data.extend(value(rest));
        }
    }
    last
}

/// The value of a field, behind its name. `None`: the name goes on.
fn value(rest: &str) -> Option<&str> {
    match rest.strip_prefix(':') {
        Some(value) => Some(value.strip_prefix(' ').unwrap_or(value)),
        None => rest.is_empty().then_some(""),
    }
}

/// The lines, which end with CR LF, LF or CR.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let of_line_feeds = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    of_line_feeds.flat_map(|line| line.split('\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_event_counts() {
        for (stream, expected) in [
            ("data: 1\n\ndata: 2\n\n", Some("2")),
            (
                "event: message\r\nid: 7\r\ndata: {\"a\":\r\ndata:1}\r\n\r\n: still here\r\n\r\n",
                Some("{\"a\":\n1}"),
            ),
            ("data: 1\r\rdata: 2\r\r", Some("2")),
            ("data: 1\n\nevent: ping\n\n", Some("1")),
            ("data\n\n", None),
            ("data: 1\n\ndata:\n\n", Some("1")),
            ("data: without an end", Some("without an end")),
            ("database: 1\n\n: data: 2\n\nretry: 3\n\n", None),
            ("", None),
        ] {
            assert_eq!(last_data(stream, false).as_deref(), expected, "{stream:?}");
            assert_eq!(last_data(stream, true), None, "{stream:?}");
        }
    }
}
