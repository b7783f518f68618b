//! The requests of those who do not attack.

use crate::bench::fill::{Data, organization_of, project_id};
use crate::http::Request;

/// The list of a project's integrations, with one of the keys of its organization.
pub(super) fn list(data: &Data, number: usize) -> Request {
    let project = number % data.projects;
    let keys = &data.keys[organization_of(project)];
    let key = keys[number / data.projects % keys.len()].clone();
    let path = format!("/api/v1/projects/{}/integrations", project_id(project));
    Request { headers: vec![("X-API-Key", key)], ..Request::get(&path) }
}
