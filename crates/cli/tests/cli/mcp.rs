//! `mcp`: a desktop client that talks to the server through standard input and output.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::api::{Api, Exchange, KEY, PROJECT};
use crate::golden::{riq, run, run_with};

/// The client, and the riq that it started.
struct Desktop {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Desktop {
    fn start(api: &Api) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_riq"));
        command.env_clear().arg("mcp").env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT);
        command.env("RIQ_API_BASE", api.origin());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (input, output) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
        Self { child, input, output: BufReader::new(output) }
    }

    fn says(&mut self, message: &Value) {
        writeln!(self.input, "{message}").unwrap();
    }

    /// The next line, which must be one message.
    fn hears(&mut self) -> Value {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line:?}"))
    }

    /// Closes the input. Returns what else was said, and what is on standard error.
    fn ends(mut self) -> (String, String) {
        drop(self.input);
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).unwrap();
        let ended = self.child.wait_with_output().unwrap();
        assert_eq!(ended.status.code(), Some(0));
        (rest, String::from_utf8(ended.stderr).unwrap())
    }
}

fn request(id: u32, method: &str) -> Value {
    let meta = json!({"io.modelcontextprotocol/protocolVersion": "2026-07-28"});
    json!({"jsonrpc": "2.0", "id": id, "method": method, "params": {"_meta": meta}})
}

fn result(id: u32) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {"resultType": "complete", "id": 12345678901234567890u64}})
}

const LIST: [(&str, Option<&str>); 3] =
    [("mcp-protocol-version", Some("2026-07-28")), ("mcp-method", Some("tools/list")), ("mcp-name", None)];

fn listed(id: u32) -> Exchange {
    Exchange::mcp(&request(id, "tools/list"), &LIST, &result(id))
}

#[test]
fn a_message_is_carried_with_the_headers_of_its_revision() {
    let call = json!({"jsonrpc": "2.0", "id": "a", "method": "tools/call", "params": {
        "name": "stripe_issue_refund", "arguments": {"charge": "ch_1"},
        "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"}}});
    let headers = [
        ("mcp-protocol-version", Some("2026-07-28")),
        ("mcp-method", Some("tools/call")),
        ("mcp-name", Some("stripe_issue_refund")),
    ];
    let answer =
        json!({"jsonrpc": "2.0", "id": "a", "result": {"content": [{"type": "text", "text": "a\nb"}]}});
    let pretty = Exchange::mcp(&call, &headers, &answer).answers(200, &format!("{answer:#}\r\n"));
    let api = Api::playing([pretty, listed(2)]);
    let mut desktop = Desktop::start(&api);
    desktop.says(&call);
    assert_eq!(desktop.hears(), answer);
    desktop.says(&request(2, "tools/list"));
    assert_eq!(desktop.hears(), result(2));
    assert_eq!(desktop.ends(), (String::new(), String::new()));
    api.finish();
}

#[test]
fn a_client_that_begins_with_the_handshake_is_understood() {
    let initialize = json!({"jsonrpc": "2.0", "id": 0, "method": "initialize",
        "params": {"protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": {"name": "d", "version": "1"}}});
    let agreed =
        json!({"jsonrpc": "2.0", "id": 0, "result": {"protocolVersion": "2025-11-25", "capabilities": {}}});
    let ready = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"});
    let version = [("mcp-protocol-version", Some("2025-11-25"))];
    let api = Api::playing([
        Exchange::mcp(&initialize, &[("mcp-protocol-version", None)], &agreed),
        Exchange::mcp(&ready, &version, &Value::Null).answers(202, ""),
        Exchange::mcp(&list, &version, &result(1)),
    ]);
    let mut desktop = Desktop::start(&api);
    desktop.says(&initialize);
    assert_eq!(desktop.hears(), agreed);
    api.wait_for_one();
    desktop.says(&ready);
    api.wait_for_one();
    desktop.says(&list);
    assert_eq!(desktop.hears(), result(1));
    assert_eq!(desktop.ends(), (String::new(), String::new()));
    api.finish();
}

#[test]
fn events_come_one_a_line() {
    let progress = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progress": 1}});
    let events = format!(
        ": hello\n\nevent: message\ndata: {progress}\n\nid: 7\ndata: {{\"jsonrpc\":\"2.0\",\r\ndata: \"id\":1,\"result\":{{}}}}\n\n"
    );
    let api = Api::playing([listed(1).answers(200, &events).header("Content-Type", "text/event-stream")]);
    let mut desktop = Desktop::start(&api);
    desktop.says(&request(1, "tools/list"));
    assert_eq!(desktop.hears(), progress);
    assert_eq!(desktop.hears(), json!({"jsonrpc": "2.0", "id": 1, "result": {}}));
    assert_eq!(desktop.ends(), (String::new(), String::new()));
    api.finish();
}

#[test]
fn a_request_without_an_answer_gets_an_error_for_its_id() {
    let events = |text: &str| listed(1).answers(200, text).header("Content-Type", "text/event-stream");
    for (exchange, code) in [
        (listed(1).refuses(401, "UNAUTHORIZED", "The API key is not valid"), "UNAUTHORIZED"),
        (listed(1).refuses(403, "API_KEY_PROJECT_MISMATCH", "Not its project"), "API_KEY_PROJECT_MISMATCH"),
        (listed(1).answers(502, "<html>").header("Content-Type", "text/html"), "INVALID_RESPONSE"),
        (listed(1).answers(200, "{\"data\": 1}"), "INVALID_RESPONSE"),
        (listed(1).hang_up(), "CONNECTION_FAILED"),
        (listed(1).answers(202, ""), "CONNECTION_FAILED"),
        (
            events("data: {\"jsonrpc\":\"2.0\",\"method\":\"notifications/progress\"}\n\n"),
            "CONNECTION_FAILED",
        ),
        (events("data: oops\n\n"), "INVALID_RESPONSE"),
    ] {
        let api = Api::playing([exchange]);
        let mut desktop = Desktop::start(&api);
        desktop.says(&request(1, "tools/list"));
        let mut answer = desktop.hears();
        if answer["method"] == "notifications/progress" {
            answer = desktop.hears();
        }
        let error = &answer["error"];
        assert_eq!((&answer["id"], &error["code"]), (&json!(1), &json!(-32603)), "{answer}");
        assert_eq!(
            (&error["data"]["source"], &error["data"]["code"]),
            (&json!("riq"), &json!(code)),
            "{answer}"
        );
        let (rest, log) = desktop.ends();
        assert!(rest.is_empty() && log.starts_with("warning: ") && !log.contains(KEY), "{rest} {log}");
        api.finish();
    }
}

#[test]
fn an_error_of_the_protocol_is_passed_on_with_the_id() {
    let mismatch =
        |id: Value| json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32020, "message": "Mcp-Name"}});
    let mut without_id = mismatch(Value::Null);
    without_id.as_object_mut().unwrap().remove("id");
    for answer in [mismatch(json!(1)), mismatch(Value::Null), without_id] {
        let api = Api::playing([listed(1).answers(400, &answer.to_string())]);
        let mut desktop = Desktop::start(&api);
        desktop.says(&request(1, "tools/list"));
        assert_eq!(desktop.hears(), mismatch(json!(1)));
        assert_eq!(desktop.ends(), (String::new(), String::new()));
        api.finish();
    }
}

#[test]
fn what_is_no_message_is_not_sent() {
    let api = Api::playing([]);
    let mut desktop = Desktop::start(&api);
    writeln!(desktop.input, "\r\n  \nhello\n[]").unwrap();
    assert_eq!(desktop.hears()["error"]["code"], -32700);
    assert_eq!(desktop.hears()["error"]["code"], -32600);
    assert_eq!(desktop.ends(), (String::new(), String::new()));
    api.finish();
}

#[test]
fn a_notification_is_never_answered() {
    let notice = json!({"jsonrpc": "2.0", "method": "notifications/roots/list_changed"});
    let refused =
        Exchange::mcp(&notice, &[], &Value::Null).refuses(401, "UNAUTHORIZED", "The API key is revoked");
    let api = Api::playing([refused]);
    let mut desktop = Desktop::start(&api);
    desktop.says(&notice);
    let (rest, log) = desktop.ends();
    assert!(rest.is_empty() && log.contains("The API key is revoked"), "{rest} {log}");
    api.finish();
}

#[test]
fn a_slow_request_holds_nothing_up_and_can_be_cancelled() {
    let slow = request(1, "tools/list");
    let api = Api::playing([listed(1).silence(), listed(2)]);
    let mut desktop = Desktop::start(&api);
    desktop.says(&slow);
    api.wait_for_one();
    desktop.says(&request(2, "tools/list"));
    assert_eq!(desktop.hears(), result(2));
    desktop.says(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}}));
    // Otherwise it would wait for the first answer.
    assert_eq!(desktop.ends(), (String::new(), String::new()));
    api.finish();
}

#[test]
fn listening_ends_with_the_input_and_everything_else_is_finished() {
    let listen = request(1, "subscriptions/listen");
    let api = Api::playing([Exchange::mcp(&listen, &[], &Value::Null).silence(), listed(2)]);
    let mut desktop = Desktop::start(&api);
    desktop.says(&listen);
    api.wait_for_one();
    desktop.says(&request(2, "tools/list"));
    let (rest, _) = desktop.ends();
    assert_eq!(serde_json::from_str::<Value>(&rest).unwrap(), result(2));
    api.finish();
}

#[test]
fn without_a_key_nothing_is_said_on_standard_output() {
    let output = riq(&["mcp"]).env("RIQ_PROJECT_ID", PROJECT).write_stdin("{}\n").output().unwrap();
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(3), &b""[..]));
    run("mcp_nothing", &["mcp"], []);
    run_with("mcp_last_line", &["mcp"], [listed(1)], |command| {
        command.write_stdin(request(1, "tools/list").to_string())
    });
}
