//! GraphQL through the proxy: what an operation stands for, however it is written.

use serde_json::{Value, json};

use crate::{
    monitor::on_both_stages,
    support::{
        Answer,
        played::{Stage, on_stage},
    },
};

on_both_stages!(
    a_permitted_operation_is_sent_as_it_was_read,
    no_spelling_hides_a_field,
    a_secret_is_never_asked_for,
    what_can_be_read_in_two_ways_is_refused,
    a_body_that_is_not_json_in_utf8_is_refused,
    what_is_spoken_at_an_unknown_address_may_change_something,
    an_operation_in_the_address_only_reads,
);

const JSON: &str = "application/json";

impl Stage {
    async fn permit_graph(&self, permissions: Value) {
        let line = json!({"provider": "graph", "credential": {"api_key": "SECRET-key"}}).to_string();
        self.server.import(self.server.project, &line).await;
        self.server.patch("graph", json!({"action_permissions": permissions})).await.data();
    }

    fn graph(&self, path: &str) -> String {
        self.server.at(&format!("/graph/proxy{path}"))
    }

    /// An operation that this server refuses.
    async fn refuse_operation(&self, body: String) -> Answer {
        let answer = self.server.call("POST", &self.graph("/graphql")).body(JSON, body).send().await;
        assert_eq!(answer.header("x-answered-by"), None);
        answer
    }

    async fn refuse_not_permitted(&self, body: &Value, told: &str) {
        let answer = self.refuse_operation(body.to_string()).await;
        let message = answer.refused(403, "ACTION_NOT_PERMITTED").message();
        assert!(message.contains(told), "{body}: {message}");
    }
}

async fn a_permitted_operation_is_sent_as_it_was_read(stage: &Stage) {
    stage.permit_graph(json!({"tag_order": true})).await;
    let both = "query Look { order { id } } mutation Pay { refundCreate { id } }";
    let bodies = [
        json!({"query": "{ order(id: 1) { id } }"}),
        json!({"query": "query ($id: ID!) { refundCreate: order(id: $id) { id } }", "variables": {"id": "1"}}),
        json!({"query": "{ ...f } fragment f on Query { order { ...g } } fragment g on Order { id }"}),
        json!({"query": ",# mutation { refundCreate }\r\n\u{feff}{ __typename order { id } }"}),
        json!({"query": "{ order(note: \"} mutation { refundCreate\") { id } }", "operationName": null}),
        json!({"query": both, "operationName": "Look"}),
        json!({"query": "mutation { x: tagAdd(id: 1) { id } y: tagAdd(id: 2) { id } }"}),
    ];
    for body in &bodies {
        let url = format!("http://{}{}", stage.server.address, stage.graph("/graphql"));
        let call = stage.server.client().post(url).header("x-api-key", &stage.server.key.text);
        let response = call.header("graph-version", "1999-01").json(body).send().await.unwrap();
        assert_eq!(
            (response.status().as_u16(), &response.headers()["x-answered-by"]),
            (200, &"provider".parse().unwrap())
        );
    }
    let arrived: Vec<Value> = stage.provider.calls("graph").into_iter().map(|call| call.body).collect();
    assert_eq!(arrived, bodies);
    for head in stage.provider.heads("graph") {
        let versions: Vec<_> = head.get_all("graph-version").iter().collect();
        assert_eq!(versions, ["2026-11"]);
    }
    let events = stage.server.audit("graph").await;
    let proxied = events.iter().filter(|event| event["action"] == "integration.proxied").count();
    assert_eq!(proxied, 2, "only the mutation is on record, before and after");
}

async fn no_spelling_hides_a_field(stage: &Stage) {
    // Its guard is never satisfied by the proxy.
    stage.permit_graph(json!({"tag_order": true, "refund_order": true})).await;
    for text in [
        "mutation { refundCreate(id: 1) { id } }",
        "mutation { order: refundCreate { id } }",
        "mutation { tagAdd { id } tagAdd: refundCreate { id } }",
        "mutation { ... on Mutation { refundCreate { id } } }",
        "mutation { ... @include(if: false) { ... { refundCreate { id } } } }",
        "mutation { ...f } fragment f on Mutation { ...g } fragment g on Mutation { refundCreate { id } }",
        ",,mutation,{refundCreate{id}}",
        "\u{feff}mutation\u{feff}{refundCreate{id}}",
        "# query { order }\nmutation{refundCreate{id}}",
        "mutation { tagAdd { id } # \r refundCreate { id }\n}",
        "mutation { tagAdd(note: \"\"\"\\\"\"\" } # \"\"\") { id } refundCreate { id } }",
        "{ refundCreate { id } }",
    ] {
        stage.refuse_not_permitted(&json!({"query": text}), "“Refund an order” (refund_order)").await;
    }
    let both = "query A { order { id } } mutation B { refundCreate { id } }";
    let named = json!({"query": both, "operationName": "B"});
    stage.refuse_not_permitted(&named, "“Refund an order” (refund_order)").await;
    let escaped = r#"{"query":"mutation{refund\u0043reate{id}}"}"#;
    stage.refuse_operation(escaped.to_owned()).await.refused(403, "ACTION_NOT_PERMITTED");
    // Fields are told apart by upper and lower case, and no action has this one.
    for text in ["{ order { id } shop { id } }", "{ ORDER { id } }"] {
        stage.refuse_not_permitted(&json!({"query": text}), "other_reads would have to be permitted").await;
    }
    stage
        .refuse_not_permitted(&json!({"query": "mutation { refundcreate { id } }"}), "other_writes cannot")
        .await;
    assert_eq!(stage.arrived("graph"), 0);
}

async fn a_secret_is_never_asked_for(stage: &Stage) {
    stage.permit_graph(json!({"tag_order": true, "other_reads": true})).await;
    for text in [
        "{ secret }",
        "{ order { x: secret } }",
        "{ order { webhook { ... on Hook { secret } } } }",
        "{ order { ...f } } fragment f on Order { webhook { ...g } } fragment g on Hook { secret }",
        "mutation { tagAdd { order { secret @skip(if: true) } } }",
    ] {
        stage
            .refuse_not_permitted(&json!({"query": text}), "The field secret of Graph is never asked for")
            .await;
    }
    assert_eq!(stage.arrived("graph"), 0);
}

async fn what_can_be_read_in_two_ways_is_refused(stage: &Stage) {
    stage.permit_graph(json!({"tag_order": true, "other_reads": true})).await;
    for body in [
        "",
        "null",
        "\"{order{id}}\"",
        r#"[{"query":"{order{id}}"}]"#,
        r#"[{"query":"{order{id}}"},{"query":"mutation{refundCreate{id}}"}]"#,
        r#"{"query":"{order{id}}"}{"query":"mutation{refundCreate{id}}"}"#,
        r#"{"query":["{order{id}}"]}"#,
        // Operations that the provider keeps.
        r#"{"id":"kept"}"#,
        r#"{"operationName":"Kept"}"#,
        r#"{"extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}"#,
        r#"{"query":"{order{id}}","extensions":{"persistedQuery":{"version":1,"sha256Hash":"x"}}}"#,
        r#"{"query":"{order{id}}","documentId":"x"}"#,
        // Keys that are there twice.
        r#"{"query":"{order{id}}","query":"mutation{refundCreate{id}}"}"#,
        r#"{"query":"{order{id}}","qu\u0065ry":"mutation{refundCreate{id}}"}"#,
        r#"{"query":"{order{id}}","QUERY":"mutation{refundCreate{id}}"}"#,
        r#"{"query":"{order{id}}","variables":{"a":1,"a":2}}"#,
        // Several operations.
        r#"{"query":"query A{order{id}} mutation B{refundCreate{id}}"}"#,
        r#"{"query":"query A{order{id}} mutation B{refundCreate{id}}","operationName":""}"#,
        r#"{"query":"query A{order{id}} mutation B{refundCreate{id}}","operationName":"a"}"#,
        r#"{"query":"query A{order{id}} mutation A{refundCreate{id}}","operationName":"A"}"#,
        r#"{"query":"{order{id}} mutation A{refundCreate{id}}","operationName":"A"}"#,
        r#"{"query":"{...f} fragment f on Query{order{id}} fragment f on Mutation{refundCreate}"}"#,
        // What no parser may skip.
        r#"{"query":";{order{id}}"}"#,
        r#"{"query":"\u0000{order{id}}"}"#,
        r#"{"query":"\u200b{order{id}}"}"#,
        r#"{"query":"\u00a0{order{id}}"}"#,
        r#"{"query":"\u2028{order{id}}"}"#,
        r#"{"query":"{ord\u0435r{id}}"}"#,
        r#"{"query":"subscription{order{id}}"}"#,
        r#"{"query":"{order{id}} extend type Query{x:ID}"}"#,
        r#"{"query":"{...f}"}"#,
        r#"{"query":"{order{id}"}"#,
    ] {
        let answer = stage.refuse_operation(body.to_owned()).await;
        assert_eq!((answer.status, answer.code()), (400, "BAD_REQUEST"), "{body}: {answer:?}");
    }
    let deep = json!({"query": format!("{}{}", "{order".repeat(3_000), "}".repeat(3_000))});
    stage.refuse_operation(deep.to_string()).await.refused(400, "BAD_REQUEST");
    let query = json!({"query": "{ order { id } }"});
    for (method, path) in
        [("POST", "/graphql?query=%7Border%7Bid%7D%7D"), ("PUT", "/graphql"), ("PATCH", "/graphql")]
    {
        let answer = stage.server.call(method, &stage.graph(path)).json(&query).send().await;
        answer.refused(400, "BAD_REQUEST");
    }
    assert_eq!(stage.arrived("graph"), 0);
}

async fn a_body_that_is_not_json_in_utf8_is_refused(stage: &Stage) {
    stage.permit_graph(json!({"tag_order": true})).await;
    let query = json!({"query": "{ order { id } }"}).to_string();
    for media in [
        "application/graphql",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=b",
        "application/json; charset=utf-16",
        "application/json, text/plain",
    ] {
        let answer =
            stage.server.call("POST", &stage.graph("/graphql")).body(media, query.clone()).send().await;
        answer.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    let coded = stage.server.call("POST", &stage.graph("/graphql")).body(JSON, query);
    coded.header("content-encoding", "gzip").send().await.refused(415, "UNSUPPORTED_MEDIA_TYPE");
    let large =
        json!({"query": format!("{}mutation {{ tagAdd {{ id }} }}", " ".repeat(1 << 20))}).to_string();
    stage.refuse_operation(large).await.refused(413, "PAYLOAD_TOO_LARGE");
    assert_eq!(stage.arrived("graph"), 0);
}

async fn what_is_spoken_at_an_unknown_address_may_change_something(stage: &Stage) {
    stage.permit_graph(json!({"tag_order": true, "other_reads": true})).await;
    let query = json!({"query": "{ order { id } }"});
    for path in ["/other/graphql", "/GraphQL", "/graphql.json", "/v2/graphql"] {
        let answer = stage.server.call("POST", &stage.graph(path)).json(&query).send().await;
        let message = answer.refused(403, "ACTION_NOT_PERMITTED").message();
        assert!(message.contains("which may change something"), "{path}: {message}");
    }
    assert_eq!(stage.arrived("graph"), 0);
    let url = format!("http://{}{}", stage.server.address, stage.graph("/other/graphql"));
    let call = stage.server.client().get(url).query(&[("query", "{ order { id } }")]);
    let response = call.header("x-api-key", &stage.server.key.text).send().await.unwrap();
    assert_eq!((response.status().as_u16(), stage.arrived("graph")), (200, 1));
}

async fn an_operation_in_the_address_only_reads(stage: &Stage) {
    stage.permit_graph(json!({"tag_order": true, "refund_order": true})).await;
    for (query, status) in [
        ("", 400),
        ("query=mutation%7BtagAdd%7Bid%7D%7D", 400),
        ("query=%7Border%7Bid%7D%7D&query=mutation%7BrefundCreate%7Bid%7D%7D", 400),
        ("query=%7Border%7Bid%7D%7D&%71uery=%7Bshop%7D", 400),
        ("query=%7Border%7Bid%7D%7D&extensions=%7B%7D", 400),
        ("extensions=%7B%22persistedQuery%22%3A%7B%7D%7D", 400),
        ("query=%7Border%7Bid%7D%7D&variables=1", 400),
        ("query=%7Border%7Bid%7D%7D;query=mutation%7BrefundCreate%7Bid%7D%7D", 400),
        ("query=%ef%bb%bfmutation%7BrefundCreate%7Bid%7D%7D", 400),
        ("query=%7Border:refundCreate%7Bid%7D%7D", 403),
        ("query=%7Bshop%7Bid%7D%7D", 403),
    ] {
        let answer = stage.server.call("GET", &stage.graph(&format!("/graphql?{query}"))).send().await;
        assert_eq!(answer.status, status, "{query}: {answer:?}");
    }
    assert_eq!(stage.arrived("graph"), 0);
    let target = stage.graph("/graphql?query=%7Border%7Bid%7D%7D&variables=%7B%7D");
    let url = format!("http://{}{target}", stage.server.address);
    let call = stage.server.client().get(url).header("x-api-key", &stage.server.key.text);
    assert_eq!(call.send().await.unwrap().status(), 200);
    assert_eq!(
        stage.provider.calls("graph")[0].target,
        "/api/graphql?query=%7Border%7Bid%7D%7D&variables=%7B%7D"
    );
}
