//! The operations of the proxy, for the specification: one for each method.

use utoipa::{
    Path as _,
    openapi::{
        OpenApi, OpenApiBuilder, PathItem, Paths,
        path::{HttpMethod, Operation},
    },
};

use super::forward::__path_forward;

/// The operations, with their ids. The routes are added apart: the specification cannot say that the end of their path
/// has many segments.
pub(super) fn described() -> OpenApi {
    let of = |id: &str, has_body: bool| {
        let mut operation: Operation = __path_forward::operation();
        operation.operation_id = Some(id.to_owned());
        operation.tags = Some(vec!["Proxy".to_owned()]);
        if !has_body {
            operation.request_body = None;
        }
        operation
    };
    let mut item = PathItem::new(HttpMethod::Get, of("proxyGet", false));
    item.post = Some(of("proxyPost", true));
    item.put = Some(of("proxyPut", true));
    item.patch = Some(of("proxyPatch", true));
    item.delete = Some(of("proxyDelete", true));
    let mut paths = Paths::new();
    paths.paths.insert(__path_forward::path(), item);
    OpenApiBuilder::new().paths(paths).build()
}
