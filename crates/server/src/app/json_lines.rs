//! The log for programs: one JSON object a line.
//!
//! tracing-subscriber has such a form too, but writes it piece by piece through a formatter, which took a tenth of the
//! time of a short request. The lines are the same.

use std::fmt;

use serde::Serialize;
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::{
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::Writer,
        time::{FormatTime as _, SystemTime},
    },
    registry::LookupSpan,
};

/// Most lines are shorter, in bytes.
const USUAL_LENGTH: usize = 512;

/// Writes events as lines of JSON.
#[derive(Debug)]
pub(super) struct JsonLines;

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        // What libraries log through the crate `log` has its origin in fields.
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        let mut time = String::with_capacity(32);
        SystemTime.format_time(&mut Writer::new(&mut time))?;
        let mut line = Line(Vec::with_capacity(USUAL_LENGTH));
        line.0.extend_from_slice(b"{\"timestamp\":");
        line.value(&time);
        line.field("level", metadata.level().as_str());
        event.record(&mut line);
        line.field("target", metadata.target());
        line.0.extend_from_slice(b"}\n");
        writer.write_str(std::str::from_utf8(&line.0).map_err(|_| fmt::Error)?)
    }
}

/// A line that is being written.
struct Line(Vec<u8>);

impl Line {
    fn field(&mut self, name: &str, value: impl Serialize) {
        self.0.push(b',');
        self.value(name);
        self.0.push(b':');
        self.value(value);
    }

    /// Text and numbers can always be written.
    fn value(&mut self, value: impl Serialize) {
        serde_json::to_writer(&mut self.0, &value).unwrap_or_default();
    }
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !field.name().starts_with("log.") {
            self.field(field.name(), format_args!("{value:?}"));
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        if !field.name().starts_with("log.") {
            self.field(field.name(), value);
        }
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if !field.name().starts_with("log.") {
            self.field(field.name(), value);
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field.name(), value);
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io::{self, Write},
        sync::{Arc, Mutex, PoisonError},
    };

    use serde_json::Value;
    use tracing_subscriber::{fmt::format::Json, fmt::format::JsonFields, layer::SubscriberExt as _};

    use super::*;

    /// Collects what is written.
    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap_or_else(PoisonError::into_inner).write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Written {
        /// The line, without its time.
        fn line(&self) -> String {
            let bytes = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
            let text = String::from_utf8(bytes).unwrap();
            let line: Value = serde_json::from_str(text.strip_suffix('\n').unwrap()).unwrap();
            let time = line["timestamp"].as_str().unwrap();
            assert!(time.len() == 27 && time.ends_with('Z'), "{time}");
            text.replace(time, "")
        }
    }

    fn log_something() {
        let key: Option<&str> = None;
        tracing::warn!(
            path = "/\"é\n",
            status = 404_u16,
            took = -1_i64,
            share = 0.5,
            is_good = true,
            key,
            error = %"it broke: \"here\"",
            list = ?["a", "b"],
            "a {}", "message"
        );
    }

    #[test]
    fn lines_are_those_of_tracing_subscriber() {
        let (ours, theirs) = (Written::default(), Written::default());
        let layer = tracing_subscriber::fmt::layer().event_format(JsonLines);
        let writer = ours.clone();
        let subscriber = tracing_subscriber::registry().with(layer.with_writer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log_something);
        let json: tracing_subscriber::fmt::format::Format<Json> =
            tracing_subscriber::fmt::format().json().flatten_event(true).with_current_span(false);
        let layer = tracing_subscriber::fmt::layer()
            .fmt_fields(JsonFields::new())
            .event_format(json.with_span_list(false));
        let writer = theirs.clone();
        let subscriber = tracing_subscriber::registry().with(layer.with_writer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, log_something);
        assert_eq!(ours.line(), theirs.line());
        assert!(ours.line().contains(r#""message":"a message","path":"/\"é\n","status":404,"took":-1"#));
    }
}
