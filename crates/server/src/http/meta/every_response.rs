//! The headers that the edge sets on every response, for the specification.

use utoipa::openapi::{
    Header, HeaderBuilder, OpenApi, Ref, RefOr,
    schema::{ObjectBuilder, Type},
};

/// Name, type, description and example of each header.
const HEADERS: [(&str, Type, &str, &str); 5] = [
    (
        "X-Request-Id",
        Type::String,
        "The request's id: the client's own, or a new one",
        "req_01jc3q5v6w7x8y9zabcdefghjk",
    ),
    ("X-RateLimit-Limit", Type::Integer, "How many requests a minute are allowed", "600"),
    ("X-RateLimit-Remaining", Type::Integer, "How many more requests are allowed now", "599"),
    (
        "X-RateLimit-Reset",
        Type::Integer,
        "When more are allowed again, in seconds of the Unix epoch",
        "1779040500",
    ),
    ("X-RateLimit-Tier", Type::String, "The tier of the API key; only with a good key", "starter"),
];

/// Adds the headers to every response of every operation.
pub(super) fn describe(api: &mut OpenApi) {
    let components = api.components.get_or_insert_default();
    for (name, kind, description, example) in HEADERS {
        components.headers.insert(name.to_owned(), RefOr::T(header(kind, description, example)));
    }
    let operations = api.paths.paths.values_mut().flat_map(|path| {
        [&mut path.get, &mut path.post, &mut path.put, &mut path.patch, &mut path.delete]
            .into_iter()
            .flatten()
    });
    for response in operations.flat_map(|operation| operation.responses.responses.values_mut()) {
        let RefOr::T(response) = response else { continue };
        for (name, ..) in HEADERS {
            let header = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
            response.headers.insert(name.to_owned(), header);
        }
    }
}

fn header(kind: Type, description: &str, example: &str) -> Header {
    let value = match kind {
        Type::Integer => example.parse::<i64>().ok().into(),
        _ => example.into(),
    };
    let schema = ObjectBuilder::new().schema_type(kind).build();
    HeaderBuilder::new().schema(Some(schema)).description(Some(description)).example(Some(value)).build()
}
