//! `riq mcp`: lets a desktop client that knows only standard input and output talk to the project's MCP server.

mod bridge;
mod message;

use std::collections::HashMap;
use std::rc::Rc;

use clap::Args;
use serde_json::Value;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::sync::mpsc;
use tokio::task::{AbortHandle, JoinSet, LocalSet};

use self::bridge::Bridge;
use self::message::Message;
use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};

const EXAMPLES: &str = "\
Reads one JSON-RPC message a line from standard input, and writes the answers to standard output, and nothing else. A \
client starts it by itself. Put the key into the config file, or into the environment that the client gives it: one \
with actions:read and actions:write alone, which can neither permit itself something nor approve it.

Examples:
  riq mcp
  riq mcp --project prj_…

In a client's configuration:
  {\"mcpServers\": {\"integrations\": {\"command\": \"riq\", \"args\": [\"mcp\"],
   \"env\": {\"RIQ_API_KEY\": \"riq_…\", \"RIQ_PROJECT_ID\": \"prj_…\", \"RIQ_API_BASE\": \"https://…\"}}}}";

/// The most messages that wait for the client to read them.
const WAITING: usize = 64;

/// The command's arguments: only the global ones.
#[derive(Args)]
#[command(after_long_help = EXAMPLES)]
pub(crate) struct Arguments;

/// Carries messages until the input ends, and then what is under way.
pub(crate) async fn run(context: &Context) -> Result<(), Failure> {
    LocalSet::new().run_until(carry_all(context)).await
}

async fn carry_all(context: &Context) -> Result<(), Failure> {
    let (answers, mut to_write) = mpsc::channel::<String>(WAITING);
    let mut exchanges = Exchanges {
        bridge: Rc::new(Bridge::new(context)),
        answers,
        tasks: JoinSet::new(),
        under_way: HashMap::new(),
    };
    let (mut input, mut line) = (BufReader::new(tokio::io::stdin()), Vec::new());
    loop {
        tokio::select! {
            // What was read of a line stays in `line` if something else happens first.
            read = input.read_until(b'\n', &mut line) => {
                read.map_err(unreadable)?;
                if line.is_empty() {
                    break;
                }
                if let Some(answer) = exchanges.begin(&std::mem::take(&mut line)) {
                    context.output.raw(&answer)?;
                }
            }
            Some(answer) = to_write.recv() => context.output.raw(&answer)?,
        }
    }
    let mut tasks = exchanges.end();
    while let Some(answer) = to_write.recv().await {
        context.output.raw(&answer)?;
    }
    while tasks.join_next().await.is_some() {}
    Ok(())
}

fn unreadable(error: std::io::Error) -> Failure {
    Report::local(code::IO, Exit::Usage, format!("cannot read standard input: {error}")).into()
}

/// The messages that are on their way. Each is one, so that a slow call holds nothing else up.
struct Exchanges {
    bridge: Rc<Bridge>,
    answers: mpsc::Sender<String>,
    tasks: JoinSet<()>,
    /// The requests, by their ids.
    under_way: HashMap<String, Request>,
}

/// A request that is on its way.
struct Request {
    task: AbortHandle,
    /// Whether its answer goes on for as long as the client listens.
    is_listening: bool,
}

impl Exchanges {
    /// Sends a message on its way. Returns the answer to a line that is no message.
    fn begin(&mut self, line: &[u8]) -> Option<String> {
        while self.tasks.try_join_next().is_some() {}
        self.under_way.retain(|_, request| !request.task.is_finished());
        let message = match Message::read(line) {
            Ok(message) => message?,
            Err(answer) => return Some(answer),
        };
        if let Some(id) = message.cancels() {
            // Closing the answer is what cancels a request over HTTP.
            if let Some(request) = self.under_way.remove(&id.to_string()) {
                request.task.abort();
            }
            if self.bridge.is_stateless() {
                return None;
            }
        }
        let (id, is_listening) = (message.id().map(Value::to_string), message.is_listening());
        let (bridge, answers) = (Rc::clone(&self.bridge), self.answers.clone());
        let task = self.tasks.spawn_local(async move { bridge.carry(&message, &answers).await });
        if let Some(id) = id {
            self.under_way.insert(id, Request { task, is_listening });
        }
        None
    }

    /// The input has ended: nobody listens any more. Everything else is finished.
    fn end(self) -> JoinSet<()> {
        self.under_way
            .values()
            .filter(|request| request.is_listening)
            .for_each(|request| request.task.abort());
        self.tasks
    }
}
