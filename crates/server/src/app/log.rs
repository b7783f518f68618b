//! The log, on stderr.
//!
//! Writing each line at once would cost a system call for each request. If stderr is not a terminal, lines are
//! collected and written together every 50 ms. Warnings and errors are written at once, with all lines before them.

use std::{
    io::{self, BufWriter, IsTerminal as _, Stderr, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use anyhow::anyhow;
use tracing::{Level, Metadata};
use tracing_subscriber::{
    EnvFilter, Layer, Registry,
    filter::{FilterExt as _, filter_fn},
    fmt::MakeWriter,
    layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use super::{
    config::{LogFormat, Options},
    json_lines::JsonLines,
    traces::Traces,
};

const FLUSH_INTERVAL: Duration = Duration::from_millis(50);
const BUFFER_SIZE: usize = 32 * 1024;

/// The log's buffer.
#[derive(Clone, Debug)]
pub struct Log {
    lines: Arc<Mutex<BufWriter<Stderr>>>,
    is_terminal: bool,
}

/// Starts the log, and hands spans to `traces`. Call inside the runtime, once.
pub fn start(options: &Options, default: LogFormat, traces: Option<&Traces>) -> anyhow::Result<Log> {
    let filter = filter(options)?;
    let lines = Arc::new(Mutex::new(BufWriter::with_capacity(BUFFER_SIZE, io::stderr())));
    let log = Log { lines, is_terminal: io::stderr().is_terminal() };
    let colours = log.is_terminal && std::env::var_os("NO_COLOR").is_none();
    let lines = tracing_subscriber::fmt::layer().with_ansi(colours).with_writer(log.clone());
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match options.log_format.unwrap_or(default) {
        LogFormat::Json => lines.event_format(JsonLines).boxed(),
        LogFormat::Pretty => lines.with_target(false).boxed(),
    };
    // The log shows only events. Without traces spans are not used, so none are created.
    let events = filter_fn(|metadata| metadata.is_event());
    match traces {
        None => tracing_subscriber::registry().with(lines).with(filter).with(events).init(),
        Some(traces) => {
            let lines = lines.with_filter(filter.and(events));
            tracing_subscriber::registry().with(lines).with(traces.layer()).init();
        }
    }
    tokio::spawn(log.clone().flush_repeatedly());
    Ok(log)
}

/// What is logged.
pub(super) fn filter(options: &Options) -> anyhow::Result<EnvFilter> {
    let wanted = options.log.as_deref().unwrap_or("info");
    // These libraries log details at INFO that operators do not need.
    let quiet = "opentelemetry=warn,sqlx::postgres::notice=warn,sea_orm_migration=warn,rmcp=error";
    let filter = format!("{quiet},{wanted}");
    let filter = EnvFilter::builder().parse(filter);
    filter
        .map_err(|_| anyhow!("RIQ_LOG or --log is not a filter of the log such as info or riq_server=debug"))
}

impl Log {
    /// This is not a job of the runner, because it starts before the runner and ends after the last job.
    async fn flush_repeatedly(self) {
        let mut ticks = tokio::time::interval(FLUSH_INTERVAL);
        loop {
            ticks.tick().await;
            self.write_out();
        }
    }

    /// Writes the collected lines. Errors are ignored: if stderr is closed, they cannot be reported.
    pub fn write_out(&self) {
        self.lines().flush().unwrap_or_default();
    }

    fn lines(&self) -> MutexGuard<'_, BufWriter<Stderr>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes one line of the log.
pub struct Line<'a> {
    lines: MutexGuard<'a, BufWriter<Stderr>>,
    at_once: bool,
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.lines.write(bytes)?;
        if self.at_once {
            self.lines.flush()?;
        }
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.lines.flush()
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line { lines: self.lines(), at_once: true }
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Line<'a> {
        let at_once = *metadata.level() <= Level::WARN || self.is_terminal;
        Line { lines: self.lines(), at_once }
    }
}
