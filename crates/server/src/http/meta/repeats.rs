//! What every POST with an API key understands and may answer because it can be repeated, for the specification.

use integrations_core::error::ErrorCode;
use utoipa::{
    IntoParams as _,
    openapi::{
        HeaderBuilder, OpenApi, RefOr,
        path::Operation,
        schema::{ObjectBuilder, Type},
        security::SecurityRequirement,
    },
};

use crate::http::{failures, parameters::IdempotencyKey};

/// Of reading the header and the body, and of comparing the request with an earlier one.
const FAILURES: [ErrorCode; 4] = [
    ErrorCode::BadRequest,
    ErrorCode::RequestTimeout,
    ErrorCode::PayloadTooLarge,
    ErrorCode::IdempotencyConflict,
];

/// Adds the request header, the failures and the response header to every POST that takes an API key and is answered
/// here.
pub(super) fn describe(api: &mut OpenApi) {
    let posts = api.paths.paths.values_mut().filter_map(|path| path.post.as_mut());
    // The key of a request to a provider is the provider's.
    let posts = posts.filter(|post| post.operation_id.as_deref() != Some("proxyPost"));
    for post in posts.filter(|post| takes_key(post)) {
        let header = IdempotencyKey::into_params(|| None).into_iter().map(RefOr::T);
        post.parameters.get_or_insert_default().extend(header);
        failures::add(&mut post.responses.responses, &FAILURES);
        let answers = post.responses.responses.iter_mut().filter(|(status, _)| status.starts_with('2'));
        for (_, answer) in answers {
            let RefOr::T(answer) = answer else { continue };
            let word = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["true"])).build();
            let replayed = HeaderBuilder::new()
                .schema(Some(word))
                .description(Some(
                    "Only if this is the answer to an earlier request with the same Idempotency-Key",
                ))
                .build();
            answer.headers.insert("Idempotent-Replayed".to_owned(), RefOr::T(replayed));
        }
    }
}

fn takes_key(operation: &Operation) -> bool {
    let schemes = operation.security.iter().flatten();
    schemes.into_iter().any(|scheme| *scheme != SecurityRequirement::default())
}
