//! Lists that the API answers page by page.

use clap::Args;
use serde_json::Value;

use crate::client::{self, Request};
use crate::context::Context;
use crate::error::Failure;

/// The most things in one page of the API.
const PAGE: usize = 200;

/// How much of a list to show.
#[derive(Args)]
pub(crate) struct Extent {
    /// List at most this many
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..))]
    limit: u32,
    /// List all
    #[arg(long, conflicts_with = "limit")]
    all: bool,
}

impl Extent {
    /// The most things to list.
    pub(crate) fn most(&self) -> usize {
        if self.all { usize::MAX } else { self.limit as usize }
    }
}

/// Things of a list, in the API's order.
pub(crate) struct Listed {
    /// The things, with fields that riq does not know.
    pub(crate) values: Vec<Value>,
    /// Whether there are more of them.
    pub(crate) has_more: bool,
}

/// Reads the list at a path of the project page by page, until there are `most` things, or until `goes_on` is false for
/// the last thing of a page.
pub(crate) async fn read(
    path: &[&str],
    filters: &[(&'static str, Option<&str>)],
    most: usize,
    goes_on: impl Fn(&Value) -> bool,
    context: &Context,
) -> Result<Listed, Failure> {
    let (mut values, mut cursor) = (Vec::<Value>::new(), None::<String>);
    loop {
        let limit = (most - values.len()).min(PAGE).to_string();
        let request = Request::get(path).query("limit", Some(&limit));
        let request = filters.iter().fold(request, |request, (name, value)| request.query(name, *value));
        let request = request.query("cursor", cursor.as_deref());
        let reply = context.client.send(&request).await?;
        drop(request);
        let page: Vec<Value> = client::read(&reply.data)?;
        let goes_on = page.last().is_some_and(&goes_on);
        values.extend(page);
        cursor = reply.cursor;
        if cursor.is_none() || values.len() >= most || !goes_on {
            values.truncate(most);
            return Ok(Listed { values, has_more: cursor.is_some() });
        }
    }
}
