//! What a provider file says of requests that callers write themselves. `crate::proxy` decides by it.

use std::collections::BTreeSet;

use super::action::{Action, ActionInput, Shape};
use super::names::Method;
use super::path_pattern::PathPattern;

/// How requests of callers are judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Proxying {
    /// Whether the provider also takes writes by GET.
    pub writes_by_get: bool,
    /// Whether the provider's own client sends a request again after every status but 200.
    pub repeats_failures: bool,
    /// What is never sent, whatever is permitted.
    pub never: Vec<Never>,
    /// GraphQL fields that no operation may ask for, at any depth.
    pub never_fields: BTreeSet<String>,
    /// Addresses of actions at which more can be read than the action reads.
    pub wider_paths: Vec<PathPattern>,
    /// Parameters of the query by which more can be read than the path says.
    pub wider_parameters: Vec<String>,
    /// The requests that stand for actions.
    pub requests: Vec<StandsFor>,
}

/// Requests that are never sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Never {
    /// The method. `None`: every one.
    pub method: Option<Method>,
    /// The path.
    pub path: PathPattern,
}

/// A request that stands for an action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StandsFor {
    /// The action, by its place in the provider's list.
    pub action: usize,
    /// The method.
    pub method: Method,
    /// The path.
    pub path: PathPattern,
    /// The field of a GraphQL operation.
    pub operation: Option<String>,
}

/// The requests that stand for these actions.
pub(super) fn requests(actions: &[Action]) -> Vec<StandsFor> {
    let of = |(index, action): (usize, &Action)| {
        let paths = |path: &str| {
            let is_own = path == action.request.path.outline();
            if is_own { with_options(path, &action.inputs) } else { vec![path.to_owned()] }
        };
        let requests = action.requests().into_iter().flat_map(|request| {
            let each = paths(&request.path).into_iter();
            each.map(|path| (request.method, path, request.operation.clone())).collect::<Vec<_>>()
        });
        requests
            .map(|(method, path, operation)| StandsFor {
                action: index,
                method,
                path: PathPattern::read(&path),
                operation,
            })
            .collect::<Vec<_>>()
    };
    actions.iter().enumerate().flat_map(of).collect()
}

/// A path with every option of an input in its place. Another value there is no request of the action.
fn with_options(path: &str, inputs: &[ActionInput]) -> Vec<String> {
    inputs.iter().fold(vec![path.to_owned()], |paths, input| {
        let place = format!("{{{}}}", input.key);
        match &input.shape {
            Shape::Text(text) if !text.options.is_empty() => {
                let put = |path: &String| text.options.iter().map(|one| path.replace(&place, one)).collect();
                let has = |path: &String| if path.contains(&place) { put(path) } else { vec![path.clone()] };
                paths.iter().flat_map(has).collect()
            }
            _ => paths,
        }
    })
}
