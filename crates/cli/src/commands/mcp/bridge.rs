//! Carries one message to the server, and its answers back.

use std::cell::RefCell;
use std::pin::pin;

use futures_util::StreamExt as _;
use reqwest::header::{ACCEPT, CONTENT_TYPE};
use reqwest::{Response, StatusCode};
use serde_json::Value;
use sse_stream::SseByteStream;
use tokio::sync::mpsc::Sender;

use super::message::{Message, frame};
use crate::client::{Client, text_field};
use crate::context::Context;
use crate::error::{Exit, Failure, Report, code};
use crate::output::Output;

/// What every message goes through.
pub(super) struct Bridge {
    client: Client,
    output: Output,
    /// The version that the client and the server agreed on, if the client began with the handshake of revisions before
    /// 2026-07-28.
    negotiated: RefCell<Option<String>>,
}

/// What the server answered.
enum Answer {
    /// Nothing, as to a notification.
    Nothing,
    /// One message.
    One(Vec<u8>),
    /// Messages as they come.
    Events(Response),
}

impl Bridge {
    /// A bridge to the project's server.
    pub(super) fn new(context: &Context) -> Self {
        Self { client: context.client.clone(), output: context.output, negotiated: RefCell::new(None) }
    }

    /// Whether the client speaks a revision without handshake, in which a closed answer is a cancelled request.
    pub(super) fn is_stateless(&self) -> bool {
        self.version().is_none()
    }

    fn version(&self) -> Option<String> {
        self.negotiated.borrow().clone()
    }

    /// Sends a message, and passes on what is answered. A request always gets an answer: if the server gives none, it
    /// is an error that says why.
    pub(super) async fn carry(&self, message: &Message, answers: &Sender<String>) {
        let Err(Failure::Reported(report)) = self.exchange(message, answers).await else { return };
        // Whoever set the client up looks for the reason in its log, which has standard error.
        self.output.warning(&report.full_message());
        if let Some(answer) = message.failed(&report) {
            // If nobody writes any more, riq is ending.
            let _ = answers.send(answer).await;
        }
    }

    async fn exchange(&self, message: &Message, answers: &Sender<String>) -> Result<(), Failure> {
        let is_answered = match self.client.with_a_retry(async || self.send(message).await).await? {
            Answer::Nothing => false,
            Answer::One(body) => {
                let text = String::from_utf8_lossy(&body).into_owned();
                self.pass_on(message, &text, answers).await?
            }
            Answer::Events(response) => self.pass_events_on(message, response, answers).await?,
        };
        if is_answered || message.id().is_none() {
            return Ok(());
        }
        Err(broken_off())
    }

    async fn send(&self, message: &Message) -> Result<Answer, Failure> {
        let sent = self
            .client
            .mcp()?
            .header(ACCEPT, "application/json, text/event-stream")
            .header(CONTENT_TYPE, "application/json")
            .headers(message.headers(self.version().as_deref()))
            .body(message.text().to_owned());
        let response = self.client.open(sent).await?;
        let kind = response.headers().get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        if response.status().is_success() && kind.is_some_and(|kind| kind.starts_with("text/event-stream")) {
            return Ok(Answer::Events(response));
        }
        let (status, headers, body) = self.client.read_whole(response).await?;
        if status == StatusCode::ACCEPTED || status == StatusCode::NO_CONTENT {
            return Ok(Answer::Nothing);
        }
        // An error of the protocol is a message too, whatever its status. One of the API is not.
        match serde_json::from_slice::<Value>(&body) {
            Ok(answer) if text_field(&answer, "jsonrpc").is_some() => Ok(Answer::One(body)),
            _ => Err(self.client.refusal(status, &headers, &body)),
        }
    }

    async fn pass_events_on(
        &self,
        message: &Message,
        response: Response,
        answers: &Sender<String>,
    ) -> Result<bool, Failure> {
        let mut events = pin!(SseByteStream::new(response.bytes_stream()));
        let mut is_answered = false;
        while let Some(event) = events.next().await {
            let Ok(event) = event else {
                return if is_answered { Ok(true) } else { Err(broken_off()) };
            };
            if let Some(data) = event.data.filter(|data| !data.is_empty()) {
                is_answered |= self.pass_on(message, &data, answers).await?;
            }
        }
        Ok(is_answered)
    }

    /// Passes one message of the server on. Returns whether it is the answer to `message`.
    async fn pass_on(
        &self,
        message: &Message,
        text: &str,
        answers: &Sender<String>,
    ) -> Result<bool, Failure> {
        let mut answer: Value = serde_json::from_str(text).map_err(|_| not_a_message())?;
        if text_field(&answer, "jsonrpc").is_none() {
            return Err(not_a_message());
        }
        if message.is_initialize()
            && let Some(version) = answer.pointer("/result/protocolVersion").and_then(Value::as_str)
        {
            self.negotiated.replace(Some(version.to_owned()));
        }
        // The server may leave out the id if it refused a request before it read it.
        let has_no_id = answer.get("error").is_some() && answer.get("id").is_none_or(Value::is_null);
        let line = match message.id() {
            Some(id) if has_no_id => {
                answer["id"] = id.clone();
                frame(&answer.to_string())
            }
            _ => frame(text),
        };
        let _ = answers.send(line).await;
        Ok(message.is_answered_by(&answer))
    }
}

fn broken_off() -> Failure {
    let message = "the server's answer ended too early; what was asked for may have been done";
    Report::local(code::CONNECTION, Exit::Refused, message).into()
}

fn not_a_message() -> Failure {
    Failure::invalid_response(
        "the server's answer is not a JSON-RPC message; what was asked for may have been done",
    )
}
