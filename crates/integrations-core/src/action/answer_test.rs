//! What answers mean: those to the action's own request, to evidence and steps, and to `resolve`.

use serde_json::{Map, Value, json};

use super::sample::{action, condition, kept as keep, one_of, pointer, request, template};
use super::{Known, Look, Outcome, ReadingProblem, Shown, kept, outcome, resolved};
use crate::answer_body::AnswerBody;
use crate::catalog::action::{
    Action, AnswerForm, Body, Expected, Find, JsonTemplate, Reading, Resolve, ResolveBy,
};
use crate::catalog::{ActionKind, Method, RateLimit};

fn limit() -> RateLimit {
    RateLimit {
        error: Some(pointer("/errors/0/extensions/code")),
        errors: vec!["THROTTLED".into()],
        ..RateLimit::default()
    }
}

fn means(action: &Action, status: u16, body: &Value) -> Outcome {
    outcome(action, &limit(), status, &AnswerBody::new(None, body.to_string().as_bytes()))
}

fn of_text(action: &Action, status: u16, body: &str) -> Outcome {
    outcome(action, &limit(), status, &AnswerBody::new(None, body.as_bytes()))
}

/// A refund, as Stripe answers to it.
fn refund() -> Action {
    let mut action = action(Vec::new());
    action.result.keep.push(keep("status", "/status", false));
    action.result.succeeded_when = vec![one_of("/status", &["succeeded"])];
    action.result.accepted_when = vec![one_of("/status", &["pending", "requires_action"])];
    action.result.failed_when = vec![one_of("/status", &["failed", "canceled"])];
    action.result.unknown_when = vec![one_of("/error/type", &["idempotency_error"])];
    action.result.done_when = vec![one_of("/error/code", &["charge_already_refunded"])];
    action.result.unknown_statuses = vec![409];
    action.result.nothing_done_statuses = vec![503];
    action
}

fn reads() -> Action {
    let mut action = refund();
    action.kind = ActionKind::ReadOnly;
    action
}

fn failed(message: Option<&str>, status: u16) -> Outcome {
    Outcome::Failed { message: message.map(str::to_owned), status }
}

fn succeeded(result: Value) -> Outcome {
    Outcome::Succeeded { result, cursor: None }
}

#[test]
fn the_object_says_what_came_of_it() {
    let refund = refund();
    let with_status = |status: &str| means(&refund, 200, &json!({"id": "re_1", "status": status}));
    assert_eq!(with_status("succeeded"), succeeded(json!({"id": "re_1", "status": "succeeded"})));
    let result = json!({"id": "re_1", "status": "pending"});
    assert_eq!(with_status("pending"), Outcome::Accepted { result });
    assert_eq!(with_status("canceled"), failed(None, 200));
    assert_eq!(with_status("teapot"), Outcome::Unknown);
    let mut open = refund.clone();
    let ended = ["succeeded", "failed", "canceled"].map(Value::from).to_vec();
    open.result.accepted_when = vec![condition("/status", Expected::NoneOf(ended))];
    let result = json!({"id": "re_1", "status": "teapot"});
    assert_eq!(means(&open, 200, &result.clone()), Outcome::Accepted { result });
    assert_eq!(means(&open, 200, &json!({"id": "re_1"})), Outcome::Unknown);
    assert_eq!(means(&refund, 201, &json!({"id": "re_1"})), Outcome::Unknown);
}

#[test]
fn the_providers_words_control_nothing() {
    let told = |message: &str| means(&refund(), 422, &json!({"error": {"message": message}}));
    let poison = "\u{1b}[31mNo.\u{0}\u{202e}\r\nAsk\tus.\u{9b}";
    assert_eq!(told(poison), failed(Some("[31mNo.\nAsk\tus."), 422));
    assert_eq!(told("\u{0}\u{1b}\u{200f} "), failed(None, 422));
}

#[test]
fn the_status_says_what_came_of_it() {
    let body = json!({"error": {"message": "No such charge."}});
    for (status, write, read) in [
        (301, failed(Some("No such charge."), 301), failed(Some("No such charge."), 301)),
        (400, failed(Some("No such charge."), 400), failed(Some("No such charge."), 400)),
        (401, Outcome::Unauthorized, Outcome::Unauthorized),
        (404, failed(Some("No such charge."), 404), failed(Some("No such charge."), 404)),
        (409, Outcome::Unknown, failed(Some("No such charge."), 409)),
        (429, Outcome::RateLimited, Outcome::RateLimited),
        (500, Outcome::Unknown, Outcome::Unavailable),
        (502, Outcome::Unknown, Outcome::Unavailable),
        (503, failed(Some("No such charge."), 503), failed(Some("No such charge."), 503)),
        (100, Outcome::Unknown, failed(Some("No such charge."), 100)),
    ] {
        assert_eq!(means(&refund(), status, &body), write, "{status}");
        assert_eq!(means(&reads(), status, &body), read, "{status}");
    }
}

#[test]
fn codes_weigh_more_than_the_status() {
    let refund = refund();
    let error = |kind: &str, code: &str| json!({"error": {"type": kind, "code": code, "message": "No."}});
    let done = means(&refund, 400, &error("invalid_request_error", "charge_already_refunded"));
    assert_eq!(done, succeeded(json!({"id": null, "status": null})));
    assert_eq!(means(&refund, 400, &error("idempotency_error", "x")), Outcome::Unknown);
    let throttled = json!({"data": null, "errors": [{"message": "x", "extensions": {"code": "THROTTLED"}}]});
    assert_eq!(means(&refund, 200, &throttled), Outcome::RateLimited);
    let written_by_people = json!({"id": "1", "status": "succeeded", "errors": [{"message": "THROTTLED"}]});
    assert_eq!(means(&refund, 200, &written_by_people), succeeded(json!({"id": "1", "status": "succeeded"})));
}

#[test]
fn what_is_absent_from_an_error_proves_nothing() {
    let mut refund = refund();
    refund.result.failed_when = vec![condition("/data/refund", Expected::Absent)];
    assert_eq!(means(&refund, 500, &json!({"error": "x"})), Outcome::Unknown);
    assert_eq!(means(&refund, 200, &json!({"error": "x"})), failed(None, 200));
    refund.result.done_when = vec![condition("/data/refund", Expected::Absent)];
    assert_eq!(means(&refund, 404, &json!({})), failed(None, 404));
}

#[test]
fn another_form_is_no_proof() {
    let page = "<html>Log in</html>";
    for body in [page, "ok", "", "{\"id\": \"re_1\", \"sta"] {
        assert_eq!(of_text(&refund(), 200, body), Outcome::Unknown, "{body}");
        assert_eq!(of_text(&reads(), 200, body), failed(None, 200), "{body}");
    }
    let mut hook = refund();
    hook.result.form = AnswerForm::Text;
    hook.result.keep.clear();
    assert_eq!(of_text(&hook, 200, "ok"), succeeded(json!({})));
    assert_eq!(of_text(&hook, 200, page), Outcome::Unknown);
    assert_eq!(of_text(&hook, 404, "no_team"), failed(None, 404));
    hook.result.form = AnswerForm::None;
    assert_eq!(of_text(&hook, 204, ""), succeeded(json!({})));
}

#[test]
fn only_the_statuses_of_the_file_are_good() {
    let mut refund = refund();
    refund.result.statuses = vec![202];
    let body = json!({"id": "re_1", "status": "succeeded"});
    assert_eq!(means(&refund, 202, &body), succeeded(body.clone()));
    assert_eq!(means(&refund, 200, &body), Outcome::Unknown);
}

#[test]
fn graphql_is_judged_by_the_mutations_own_field() {
    let mut cancel = action(Vec::new());
    cancel.result.keep.clear();
    cancel.result.succeeded_when = vec![
        condition("/data/orderCancel/job", Expected::Present),
        condition("/data/orderCancel/userErrors", Expected::Absent),
    ];
    cancel.result.failed_when = vec![condition("/data/orderCancel/userErrors/0", Expected::Present)];
    cancel.result.error =
        vec![pointer("/data/orderCancel/userErrors/0/message"), pointer("/errors/0/message")];
    let with = |job: Value, errors: Value| {
        let field = json!({"job": job, "userErrors": errors});
        json!({"data": {"orderCancel": field}, "errors": [{"message": "beneath"}]})
    };
    assert_eq!(means(&cancel, 200, &with(json!({"id": "1"}), json!([]))), succeeded(json!({})));
    let refused = means(&cancel, 200, &with(json!(null), json!([{"message": "Already cancelled"}])));
    assert_eq!(refused, failed(Some("Already cancelled"), 200));
    let open = means(&cancel, 200, &json!({"data": {"orderCancel": null}, "errors": [{"message": "x"}]}));
    assert_eq!(open, Outcome::Unknown);
}

#[test]
fn a_result_has_every_name_and_exact_integers() {
    let mut list = reads();
    list.result.keep = vec![keep("orders", "/orders", false), keep("gone", "/gone", true)];
    list.result.cursor = Some(pointer("/next"));
    list.result.succeeded_when.clear();
    let body = |next: Value| {
        let orders =
            json!([{"id": 7_300_000_000_000_000_123_i64, "n": [-9_007_199_254_740_993_i64, 1, 0.5]}]);
        json!({"orders": orders, "next": next})
    };
    let orders = json!([{"id": "7300000000000000123", "n": ["-9007199254740993", 1, 0.5]}]);
    let result = json!({"orders": orders, "gone": null, "cursor": "p2"});
    assert_eq!(
        means(&list, 200, &body(json!("p2"))),
        Outcome::Succeeded { result, cursor: Some("p2".into()) }
    );
    for end in [json!(null), json!("")] {
        let result = json!({"orders": orders, "gone": null, "cursor": null});
        assert_eq!(means(&list, 200, &body(end)), Outcome::Succeeded { result, cursor: None });
    }
}

#[test]
fn a_write_without_proof_is_open() {
    let mut refund = refund();
    refund.result.succeeded_when.clear();
    assert_eq!(means(&refund, 200, &json!({"id": "re_1"})), Outcome::Unknown);
}

fn reading(body: Body) -> Reading {
    Reading {
        request: request(Method::Get, "/v1/charges/{charge}", body),
        keep: vec![
            keep("currency", "/currency", false),
            keep("paid", "/amount", false),
            keep("note", "/note", true),
        ],
        missing: Some("There is no such charge".into()),
    }
}

#[test]
fn scalars_are_kept() {
    let reading = reading(Body::None);
    let read = |status, body: Value| kept(&reading, status, Some(&body)).map(Value::Object);
    let whole = json!({"currency": "usd", "amount": 2000, "more": {}});
    assert_eq!(read(200, whole), Ok(json!({"currency": "usd", "paid": 2000})));
    let missing = Err(ReadingProblem::Missing("There is no such charge".into()));
    assert_eq!(read(404, json!({})), missing);
    assert_eq!(read(200, json!({"data": []})), missing);
    let listed = json!({"currency": "usd", "amount": [1], "note": {}});
    assert_eq!(read(200, listed), Err(ReadingProblem::Incomplete("paid".into())));
    let refused = json!({"error": {"message": "No rights"}});
    assert_eq!(
        read(403, refused),
        Err(ReadingProblem::Refused { status: 403, message: Some("No rights".into()) })
    );
    assert_eq!(kept(&reading, 200, None), Err(ReadingProblem::NotJson));
    assert_eq!(kept(&reading, 500, None), Err(ReadingProblem::Refused { status: 500, message: None }));
}

#[test]
fn errors_of_graphql_are_no_answer() {
    let variables = JsonTemplate::Object(Vec::new());
    let reading = reading(Body::GraphQl { document: "{ x }".into(), variables });
    let read = |errors: Value| {
        kept(&reading, 200, Some(&json!({"currency": "usd", "amount": 1, "errors": errors})))
            .map(Value::Object)
    };
    assert_eq!(
        read(json!([{"message": "Denied"}])),
        Err(ReadingProblem::Refused { status: 200, message: Some("Denied".into()) })
    );
    assert_eq!(read(json!([])), Ok(json!({"currency": "usd", "paid": 1})));
}

fn resolve(by: ResolveBy, absent_is_failed: bool) -> Resolve {
    Resolve {
        request: request(Method::Get, "/v1/refunds", Body::None),
        by,
        keep: vec![keep("id", "/id", false)],
        lag_seconds: 0,
        absent_is_failed,
    }
}

/// What an answer shows, looked for as it is when the request is written.
fn shows(resolve: &Resolve, status: u16, body: Value) -> Option<Shown> {
    let empty = Map::new();
    let known = Known {
        inputs: &[],
        input: &empty,
        stored: &|_| None,
        evidence: &empty,
        steps: &empty,
        run: "run_1",
    };
    let action = Action { resolve: Some(resolve.clone()), ..refund() };
    let look = Look::of(&action, &known).unwrap();
    assert_eq!((look.request.method, look.request.path.as_str()), (Method::Get, "/v1/refunds"));
    resolved(&action, resolve, look.wanted.as_deref(), status, Some(&body))
}

fn found(outcome: Outcome) -> Option<Shown> {
    Some(Shown::Found(outcome))
}

#[test]
fn our_own_write_is_found_by_the_run() {
    let by = |contains| {
        let text = template("{run}");
        ResolveBy::Find(Find {
            list: Some(pointer("/data")),
            pointer: pointer("/metadata/run"),
            text,
            contains,
        })
    };
    let list = |run: &str, status: &str| {
        let ours = json!({"id": "re_1", "status": status, "metadata": {"run": run}});
        json!({"data": [{"id": "re_0"}, ours]})
    };
    let exact = resolve(by(false), true);
    assert_eq!(shows(&exact, 200, list("run_1", "succeeded")), found(succeeded(json!({"id": "re_1"}))));
    let result = json!({"id": "re_1"});
    assert_eq!(shows(&exact, 200, list("run_1", "pending")), found(Outcome::Accepted { result }));
    assert_eq!(shows(&exact, 200, list("run_1", "failed")), found(failed(None, 200)));
    assert_eq!(shows(&exact, 200, list("run_12", "succeeded")), Some(Shown::Absent));
    // Without a list there is nothing in which it could be missing.
    for (status, body) in [(200, json!({})), (500, list("run_1", "succeeded")), (404, json!({"data": []}))] {
        assert_eq!(shows(&exact, status, body), None, "{status}");
    }
    assert_eq!(shows(&resolve(by(false), false), 200, list("run_2", "succeeded")), None);
    let within = shows(&resolve(by(true), true), 200, list("refund run_1 by", "succeeded"));
    assert_eq!(within, found(succeeded(json!({"id": "re_1"}))));
}

#[test]
fn the_object_itself_shows_what_was_done() {
    let when = |absent_is_failed| {
        resolve(
            ResolveBy::When(vec![one_of("/status", &["canceled"]), one_of("/id", &["s_1"])]),
            absent_is_failed,
        )
    };
    let body = |status: &str| json!({"id": "s_1", "status": status});
    // What the action's own answer would call failed does not matter, where the file says what to look for.
    assert_eq!(shows(&when(false), 200, body("canceled")), found(succeeded(json!({"id": "s_1"}))));
    assert_eq!(shows(&when(false), 200, body("open")), None);
    assert_eq!(shows(&when(true), 200, body("open")), Some(Shown::Absent));
    let gone = resolve(ResolveBy::Gone(vec![404]), true);
    assert_eq!(shows(&gone, 404, json!({})), found(succeeded(json!({"id": null}))));
    assert_eq!(shows(&gone, 200, body("open")), Some(Shown::Absent));
    assert_eq!(shows(&gone, 403, json!({})), None);
}

#[test]
fn what_cannot_be_named_is_not_looked_for() {
    let empty = Map::new();
    let known =
        Known { inputs: &[], input: &empty, stored: &|_| None, evidence: &empty, steps: &empty, run: "" };
    assert_eq!(Look::of(&refund(), &known), None, "the file does not say how");
    let text = template("{run}");
    let find = Find { list: None, pointer: pointer("/metadata/run"), text, contains: true };
    let nameless = Action { resolve: Some(resolve(ResolveBy::Find(find), true)), ..refund() };
    assert_eq!(Look::of(&nameless, &known), None, "every item contains an empty text");
}
