//! No value leaves its place in a request.

use proptest::prelude::*;
use serde_json::{Map, Value, json};
use url::{Url, form_urlencoded};

use super::sample::{input, money, object, request, template, text};
use super::{Known, RenderProblem, RenderedBody, RenderedRequest, render};
use crate::catalog::Method;
use crate::catalog::action::{
    ActionInput, Body, Idempotency, JsonTemplate, MoneyCurrency, MoneyUnit, RequestTemplate, Shape,
};

fn rendered_of(
    template: &RequestTemplate,
    inputs: &[ActionInput],
    input: Value,
) -> Result<RenderedRequest, RenderProblem> {
    let (input, steps) = (object(input), object(json!({"line": 7})));
    let evidence = object(json!({"currency": "kwd", "status": "open\r\nX-Evil: 1"}));
    let stored = |name: &str| (name == "subdomain").then(|| "acme".to_owned());
    render(
        template,
        &Known { inputs, input: &input, stored: &stored, evidence: &evidence, steps: &steps, run: "run_1" },
    )
}

fn rendered(template: &RequestTemplate, input: Value) -> Result<RenderedRequest, RenderProblem> {
    rendered_of(template, &[], input)
}

fn path(text: &str, input: Value) -> Result<String, RenderProblem> {
    rendered(&request(Method::Get, text, Body::None), input).map(|request| request.path)
}

fn texts(fields: &[(&str, &str)]) -> Vec<(String, crate::catalog::action::TextTemplate)> {
    fields.iter().map(|(name, text)| ((*name).to_owned(), template(text))).collect()
}

fn written(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn member(name: &str, text: &str) -> (String, JsonTemplate) {
    (name.to_owned(), JsonTemplate::Text(template(text)))
}

fn body(template: JsonTemplate, inputs: &[ActionInput], input: Value) -> Result<Value, RenderProblem> {
    let request = request(Method::Post, "/x", Body::Json(template));
    match rendered_of(&request, inputs, input)?.body {
        RenderedBody::Json(value) => Ok(value),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_path_needs_its_values_and_keeps_its_segments() {
    assert_eq!(
        path("/orders/{id}/x", json!({"id": "a/b?c#d %é"})).unwrap(),
        "/orders/a%2Fb%3Fc%23d%20%25%C3%A9/x"
    );
    assert_eq!(path("/{subdomain}/{steps.line}/{run}", json!({})).unwrap(), "/acme/7/run_1");
    assert_eq!(path("", json!({})).unwrap(), "");
    assert_eq!(path("/orders/{id}", json!({})), Err(RenderProblem::Missing("id".into())));
    assert_eq!(path("/orders/{id}", json!({"id": null})), Err(RenderProblem::Missing("id".into())));
    for hostile in ["", " ", ".", "..", "a/../b", "../b", "a/..", "a\\..\\b", "a//b", "/a", "a/", " .. "] {
        let refused = Err(RenderProblem::Path("id".into()));
        assert_eq!(path("/orders/{id}", json!({"id": hostile})), refused, "{hostile:?}");
    }
    assert_eq!(path("/x/{a}{b}", json!({"a": "x", "b": "."})), Err(RenderProblem::Path("b".into())));
    assert_eq!(path("/x/.{a}/y", json!({"a": "."})), Err(RenderProblem::Path("a".into())));
    assert_eq!(path("/x/{a}", json!({"a": "b\nc"})), Err(RenderProblem::Control("a".into())));
    assert_eq!(path("/x/{a}", json!({"a": ["b"]})), Err(RenderProblem::NotText("a".into())));
}

#[test]
fn what_is_absent_is_left_out_and_lists_repeat_their_names() {
    let mut template = request(
        Method::Post,
        "/x",
        Body::Form(texts(&[
            ("charge", "{charge}"),
            ("note", "for {note}"),
            ("expand[]", "{expand}"),
            ("metadata[run]", "{run}"),
            ("fixed", "1"),
        ])),
    );
    template.query = texts(&[("limit", "{limit}"), ("after", "{after}"), ("all", "{all}")]);
    template.idempotency = Some(Idempotency { header: Some("Idempotency-Key".into()), hours: 24 });
    let request =
        rendered(&template, json!({"charge": "ch_1", "expand": ["a", "b"], "limit": 5, "all": true}))
            .unwrap();
    assert_eq!(request.query, written(&[("limit", "5"), ("all", "true")]));
    let form = [
        ("charge", "ch_1"),
        ("expand[]", "a"),
        ("expand[]", "b"),
        ("metadata[run]", "run_1"),
        ("fixed", "1"),
    ];
    assert_eq!(request.body, RenderedBody::Form(written(&form)));
    assert_eq!(request.idempotency_header.as_deref(), Some("Idempotency-Key"));
}

#[test]
fn a_whole_placeholder_keeps_its_type() {
    let template = JsonTemplate::Object(vec![
        member("id", "gid://shopify/Order/{id}"),
        member("count", "{count}"),
        member("notify", "{notify}"),
        member("tags", "{tags}"),
        ("nested".into(), JsonTemplate::Object(vec![member("gone", "{gone}")])),
        ("listed".into(), JsonTemplate::List(vec![JsonTemplate::Text(self::template("{gone}"))])),
        ("empty".into(), JsonTemplate::Literal(json!({}))),
    ]);
    let input = json!({"id": "1", "count": 2, "notify": false, "tags": ["a"]});
    assert_eq!(
        body(template.clone(), &[], input).unwrap(),
        json!({"id": "gid://shopify/Order/1", "count": 2, "notify": false, "tags": ["a"], "empty": {}})
    );
    assert_eq!(
        body(template, &[], json!({"id": {"a": 1}})),
        Err(RenderProblem::NotText("id".into())),
        "an object is no part of a text"
    );
    let gone = JsonTemplate::Object(vec![member("gone", "{gone}")]);
    assert_eq!(body(gone, &[], json!({})).unwrap(), json!({}));
}

#[test]
fn each_item_of_a_list_is_written() {
    let item = JsonTemplate::Object(vec![
        member("lineItemId", "gid://shopify/LineItem/{item.id}"),
        member("quantity", "{item.quantity}"),
        member("of", "{run}"),
    ]);
    let each = JsonTemplate::Each { list: "items".into(), item: Box::new(item) };
    let template = JsonTemplate::Object(vec![("lines".into(), each)]);
    let input = json!({"items": [{"id": "1", "quantity": 2}, {"id": "2"}]});
    let lines = json!([
        {"lineItemId": "gid://shopify/LineItem/1", "quantity": 2, "of": "run_1"},
        {"lineItemId": "gid://shopify/LineItem/2", "of": "run_1"},
    ]);
    assert_eq!(body(template.clone(), &[], input).unwrap(), json!({"lines": lines}));
    assert_eq!(body(template, &[], json!({})).unwrap(), json!({}));
}

#[test]
fn amounts_are_written_in_the_providers_unit() {
    let template =
        || JsonTemplate::Object(vec![member("amount", "{amount}"), member("text", "{amount} back")]);
    let written = |unit| body(template(), &[money("amount", unit)], json!({"amount": 60_000}));
    assert_eq!(written(MoneyUnit::Minor).unwrap(), json!({"amount": 60_000, "text": "60000 back"}));
    assert_eq!(written(MoneyUnit::Decimal).unwrap(), json!({"amount": "60.000", "text": "60.000 back"}));
    let unknown = input(
        "amount",
        Shape::Money { currency: MoneyCurrency::Input("currency".into()), unit: MoneyUnit::Decimal },
    );
    let refused = body(template(), &[unknown], json!({"amount": 5, "currency": "XXX"}));
    assert_eq!(refused, Err(RenderProblem::Currency("amount".into())));
}

#[test]
fn a_header_has_one_line() {
    let mut template = request(Method::Get, "/x", Body::None);
    template.headers = texts(&[("X-Shop", "{subdomain}"), ("X-Gone", "{evidence.gone}")]);
    assert_eq!(rendered(&template, json!({})).unwrap().headers, written(&[("X-Shop", "acme")]));
    template.headers = texts(&[("X-Status", "{evidence.status}")]);
    assert_eq!(rendered(&template, json!({})), Err(RenderProblem::Control("X-Status".into())));
}

#[test]
fn graphql_values_are_variables_alone() {
    let document = "mutation($id: ID!) { cancel(id: $id) { ok } }";
    let variables = JsonTemplate::Object(vec![member("id", "{id}")]);
    let template = request(Method::Post, "", Body::GraphQl { document: document.into(), variables });
    let request = rendered(&template, json!({"id": "\") { ok } }"})).unwrap();
    let expected = json!({"query": document, "variables": {"id": "\") { ok } }"}});
    assert_eq!(request.body, RenderedBody::Json(expected));
}

#[test]
fn a_quoted_value_stays_in_its_literal() {
    let mut template = request(Method::Get, "/query", Body::None);
    template.query = texts(&[("q", "SELECT Id FROM Contact WHERE Email = '{email:soql}'")]);
    let query = rendered(&template, json!({"email": r"\' OR Name != '"})).unwrap().query;
    assert_eq!(query, written(&[("q", r"SELECT Id FROM Contact WHERE Email = '\\\' OR Name != \''")]));
    let broken = rendered(&template, json!({"email": "a\nb"}));
    assert_eq!(broken, Err(RenderProblem::Control("email".into())));
}

#[test]
fn a_sealed_request_is_read_back_as_it_was() {
    let mut template = request(
        Method::Post,
        "/x/{id}",
        Body::Json(JsonTemplate::Object(vec![member("z", "{id}"), member("a", "{run}")])),
    );
    template.query = texts(&[("q", "{id}")]);
    let request = rendered(&template, json!({"id": "é"})).unwrap();
    let sealed = serde_json::to_string(&request).unwrap();
    let opened: RenderedRequest = serde_json::from_str(&sealed).unwrap();
    assert_eq!(opened, request);
    assert_eq!(serde_json::to_string(&opened).unwrap(), sealed);
}

proptest! {
    #[test]
    fn no_value_leaves_its_place(value in r#"([./\\?#&=%'"{}\[\]: a-z]|\PC|\s){0,12}"#) {
        let mut template = request(
            Method::Post,
            "/v1/{id}/end",
            Body::Form(texts(&[("a", "{id}"), ("b", "x{id}y")])),
        );
        template.query = texts(&[("q", "{id}")]);
        let input = json!({"id": value});
        if let Ok(request) = rendered(&template, input.clone()) {
            let mut url = Url::parse(&format!("https://a.example{}", request.path)).unwrap();
            url.query_pairs_mut().extend_pairs(&request.query);
            prop_assert_eq!(url.host_str(), Some("a.example"));
            let segments: Vec<&str> = url.path_segments().unwrap().collect();
            prop_assert_eq!((segments.len(), segments[0], segments[2]), (3, "v1", "end"));
            let decoded = form_urlencoded::parse(format!("x={}", segments[1].replace('+', "%2B")).as_bytes())
                .next().unwrap().1.into_owned();
            prop_assert_eq!(&decoded, &value);
            prop_assert_eq!(
                url.query_pairs().into_owned().collect::<Vec<_>>(),
                vec![("q".to_owned(), value.clone())]
            );
            prop_assert!(!value.trim().is_empty());
            let RenderedBody::Form(form) = request.body else { panic!("a form") };
            let sent = form_urlencoded::Serializer::new(String::new()).extend_pairs(&form).finish();
            prop_assert_eq!(form_urlencoded::parse(sent.as_bytes()).into_owned().collect::<Vec<_>>(), form.clone());
            prop_assert_eq!(form, vec![("a".to_owned(), value.clone()), ("b".to_owned(), format!("x{value}y"))]);
        }
        let members = vec![member("a", "{id}"), member("b", "x{id}y")];
        let json = body(JsonTemplate::Object(members), &[text("id")], input).unwrap();
        let read: Map<String, Value> = serde_json::from_str(&json.to_string()).unwrap();
        prop_assert_eq!(Value::Object(read), json!({"a": value, "b": format!("x{value}y")}));
    }
}
