//! The only place that writes to the terminal: data to standard output, everything else to standard error.

use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write as _};

use console::Term;
use serde_json::{Value, json};

use crate::error::{Code, Exit, Failure, Report, code};
#[cfg(unix)]
use crate::no_echo::NoEcho;
use crate::text::{Paint, clean, hides, wrap};

/// How a command's data is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Tables and cards for a person at a terminal.
    Table,
    /// The `data` of the answer, as JSON.
    Json,
    /// Only ids, one on each line.
    Quiet,
}

/// Standard output and standard error, and their properties.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Output {
    /// How data is written.
    pub(crate) mode: Mode,
    /// Whether standard output is a terminal.
    pub(crate) is_terminal: bool,
    /// Columns of the terminal.
    pub(crate) width: usize,
    /// Colours for standard output.
    pub(crate) paint: Paint,
    json_errors: bool,
    stderr_terminal: bool,
    stderr_paint: Paint,
    stderr_width: usize,
}

impl Output {
    /// Inspects the streams. Data is written as JSON if standard output is not a terminal, or if `json` is set.
    pub(crate) fn new(json: bool, quiet: bool) -> Self {
        let stdout_terminal = io::stdout().is_terminal();
        let stderr_terminal = io::stderr().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value: std::ffi::OsString| !value.is_empty());
        let colours = !set("NO_COLOR") && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        let json_errors = json || !stdout_terminal;
        Self {
            mode: match (quiet, json_errors) {
                (true, _) => Mode::Quiet,
                (false, true) => Mode::Json,
                (false, false) => Mode::Table,
            },
            is_terminal: stdout_terminal,
            width: columns(&Term::stdout()),
            paint: Paint::new(stdout_terminal && colours),
            json_errors,
            stderr_terminal,
            stderr_paint: Paint::new(stderr_terminal && colours),
            stderr_width: columns(&Term::stderr()),
        }
    }

    /// Writes a document with two spaces for each level and one newline at the end. Characters that control a terminal
    /// are escaped, which does not change the document's meaning.
    pub(crate) fn json(&self, data: &Value) -> Result<(), Failure> {
        self.raw(&format!("{}\n", escape_json(&format!("{data:#}"))))
    }

    /// Writes a document on one line.
    pub(crate) fn json_line(&self, data: &Value) -> Result<(), Failure> {
        self.raw(&format!("{}\n", escape_json(&data.to_string())))
    }

    /// Writes ids, one on each line.
    pub(crate) fn ids<'a>(&self, ids: impl IntoIterator<Item = Option<&'a str>>) -> Result<(), Failure> {
        let mut lines = String::new();
        for id in ids {
            let id = id.ok_or_else(|| Failure::invalid_response("the server's answer lacks an id"))?;
            lines.push_str(&clean(id));
            lines.push('\n');
        }
        self.raw(&lines)
    }

    /// Writes text unchanged.
    pub(crate) fn raw(&self, text: &str) -> Result<(), Failure> {
        self.bytes(text.as_bytes())
    }

    /// Writes bytes unchanged.
    pub(crate) fn bytes(&self, bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::PipeClosed,
            _ => {
                let message = format!("cannot write to standard output: {error}");
                Report::local(code::IO, Exit::Refused, message).into()
            }
        })
    }

    /// Writes a notice for a person to standard error. Writes nothing if a program reads standard error, because it
    /// expects only the JSON of an error there.
    pub(crate) fn notice(&self, text: &str) {
        if self.stderr_terminal || !self.json_errors {
            write_error(&wrapped("", &clean(text), self.stderr_width));
        }
    }

    /// Writes to standard error what a person must read for the command to go on, whoever reads standard error.
    pub(crate) fn instruct(&self, text: &str) {
        let width = if self.stderr_terminal { self.stderr_width } else { usize::MAX };
        write_error(&wrapped("", &clean(text), width));
    }

    /// Writes to standard error that a command did less than it was asked to, although it did not fail.
    pub(crate) fn warning(&self, text: &str) {
        let width = if self.stderr_terminal { self.stderr_width } else { usize::MAX };
        let text = wrapped("", &format!("warning: {}", clean(text)), width);
        write_error(&text.replacen("warning:", &self.stderr_paint.bad("warning:"), 1));
    }

    /// Writes an error: one line of JSON for a program, several lines for a person.
    pub(crate) fn error(&self, report: &Report) {
        let text = if self.json_errors {
            let mut document = json!({
                "error": report.full_message(),
                "code": report.code.to_string(),
                "request_id": report.request_id,
                "status_code": report.status,
            });
            if let Some(run) = &report.run_id {
                document["run_id"] = run.as_str().into();
            }
            format!("{}\n", escape_json(&document.to_string()))
        } else {
            human_error(report, self.stderr_width, self.stderr_paint)
        };
        write_error(&text);
    }

    /// Ends the line of an interrupted prompt.
    pub(crate) fn interrupted(&self) {
        if self.stderr_terminal {
            write_error("\n");
        }
    }

    /// Writes clap's own text: help to standard output, a usage error to standard error.
    pub(crate) fn clap(&self, error: &clap::Error) -> Result<(), Failure> {
        if !error.use_stderr() {
            let rendered = error.render();
            return self.raw(&if self.paint.enabled() {
                rendered.ansi().to_string()
            } else {
                rendered.to_string()
            });
        }
        if self.json_errors {
            self.error(&Report::local(code::USAGE, Exit::Usage, usage_message(error)));
        } else {
            let rendered = error.render();
            let paint = self.stderr_paint.enabled();
            write_error(&if paint { rendered.ansi().to_string() } else { rendered.to_string() });
        }
        Ok(())
    }

    /// Whether a person can be asked: standard input and standard error must be a terminal.
    pub(crate) fn can_ask(&self) -> bool {
        self.stderr_terminal && io::stdin().is_terminal()
    }

    /// Asks on standard error and reads one line from standard input. Returns empty text at the end of the input.
    pub(crate) async fn ask(&self, question: String) -> Result<String, Failure> {
        write_error(&question);
        off_thread(|| {
            let mut line = String::new();
            io::stdin().lock().read_line(&mut line).map(|_| line)
        })
        .await
    }

    /// Asks as [`Self::ask`] does, for what nobody may see.
    pub(crate) async fn ask_hidden(&self, question: &str) -> Result<String, Failure> {
        #[cfg(unix)]
        {
            let _hidden = NoEcho::begin().map_err(unreadable)?;
            self.ask(clean(question)).await
        }
        #[cfg(not(unix))]
        {
            write_error(&clean(question));
            off_thread(|| Term::stderr().read_secure_line()).await
        }
    }

    /// Reads standard input to its end. If that is a terminal, it does not show what is typed.
    pub(crate) async fn read_hidden_input(&self) -> Result<String, Failure> {
        #[cfg(unix)]
        let _hidden = NoEcho::begin().map_err(unreadable)?;
        self.read_input().await
    }

    /// Reads standard input to its end.
    pub(crate) async fn read_input(&self) -> Result<String, Failure> {
        off_thread(|| {
            let mut text = String::new();
            io::stdin().lock().read_to_string(&mut text).map(|_| text)
        })
        .await
    }
}

/// Reads on another thread, so that this one can still react to an interrupt.
async fn off_thread(read: impl FnOnce() -> io::Result<String> + Send + 'static) -> Result<String, Failure> {
    let read = tokio::task::spawn_blocking(read).await.map_err(io::Error::other).flatten();
    read.map_err(unreadable)
}

fn unreadable(error: io::Error) -> Failure {
    Report::local(code::IO, Exit::Usage, format!("cannot read standard input: {error}")).into()
}

/// Writes to standard error. If that fails, the failure cannot be reported anywhere.
fn write_error(text: &str) {
    let mut stderr = io::stderr().lock();
    let _ = stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush());
}

/// clap's message without the leading `error:` and the usage line.
fn usage_message(error: &clap::Error) -> String {
    if error.kind() == clap::error::ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand {
        return "a command is needed; see --help".to_owned();
    }
    let text = error.render().to_string();
    let head = text.split("\n\nUsage:").next().unwrap_or_default();
    let words: Vec<&str> = head.trim_start_matches("error: ").split_whitespace().collect();
    words.join(" ")
}

/// The width of a terminal in columns; 80 if it is not known or there is no terminal.
fn columns(terminal: &Term) -> usize {
    terminal.size_checked().map_or(80, |(_, columns)| usize::from(columns).max(20))
}

/// Wraps text between words. Each line begins with `indent`.
fn wrapped(indent: &str, text: &str, width: usize) -> String {
    wrap(text, width.saturating_sub(indent.len())).iter().map(|line| format!("{indent}{line}\n")).collect()
}

fn human_error(report: &Report, width: usize, paint: Paint) -> String {
    if report.code == Code::Local(code::NOT_CONFIRMED) {
        return format!("{}\n", clean(&report.message));
    }
    let text = wrapped("", &format!("error: {}", clean(&report.message)), width);
    let mut text = text.replacen("error:", &paint.bad("error:"), 1);
    for issue in &report.issues {
        text.push_str(&wrapped("  ", &clean(&issue.to_string()), width));
    }
    let mut facts = Vec::new();
    if !matches!(report.code, Code::Local(code::USAGE | code::CONFIG)) {
        facts.push(format!("code {}", clean(&report.code.to_string())));
    }
    facts.extend(report.status.map(|status| format!("status {status}")));
    facts.extend(report.request_id.as_ref().map(|id| format!("request {}", clean(id))));
    facts.extend(report.run_id.as_ref().map(|id| format!("run {}", clean(id))));
    if !facts.is_empty() {
        text.push_str(&format!("  {}\n", paint.dim(&facts.join(", "))));
    }
    if let Some(hint) = &report.hint {
        let hint = wrapped("", &format!("hint: {}", clean(hint)), width);
        text.push_str(&hint.replacen("hint:", &paint.strong("hint:"), 1));
    }
    text
}

/// Escapes characters in a JSON document that nobody sees and that `serde_json` does not escape.
fn escape_json(document: &str) -> String {
    let mut text = String::with_capacity(document.len());
    for c in document.chars() {
        if hides(c) && !(c.is_ascii_control() && c != '\u{7f}') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                text.push_str(&format!("\\u{unit:04x}"));
            }
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use integrations_core::error::ErrorCode;
    use integrations_core::issue::Issue;

    use super::*;

    #[test]
    fn json_keeps_its_meaning_and_loses_its_teeth() {
        let value = json!({"name": "a\u{1b}[2J\u{9b}31m\u{202e}\u{7f}é\n\u{e0041}漢"});
        let text = escape_json(&format!("{value:#}"));
        assert_eq!(text, "{\n  \"name\": \"a\\u001b[2J\\u009b31m\\u202e\\u007fé\\n\\udb40\\udc41漢\"\n}");
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
    }

    #[test]
    fn an_error_for_a_person_lists_the_issues_and_the_way_out() {
        let report = Report {
            status: Some(400),
            request_id: Some("req_1".into()),
            issues: vec![Issue {
                path: "settings.refunds_enabled".into(),
                message: "Expected boolean\u{7}".into(),
            }],
            ..Report::local(ErrorCode::BadRequest, Exit::Refused, "Invalid body").with_hint("look again")
        };
        assert_eq!(
            human_error(&report, 80, Paint::new(false)),
            "error: Invalid body\n  settings.refunds_enabled: Expected boolean\\u{7}\n  \
             code BAD_REQUEST, status 400, request req_1\nhint: look again\n"
        );
        assert_eq!(report.full_message(), "Invalid body: settings.refunds_enabled: Expected boolean\u{7}");
    }
}
