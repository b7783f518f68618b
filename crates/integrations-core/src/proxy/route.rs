//! What the head of a request says.

use std::collections::BTreeSet;

use super::{
    Refusal,
    address::Address,
    decision::{Other, Wish},
    graphql::Operation,
    parameters::{check_query, has_one_of},
};
use crate::catalog::{ActionKind, Fit, Method, Provider, action::Action};

/// The end of the names of headers that name a version of the provider's API, such as `Notion-Version`.
const VERSION: &str = "-version";

/// A request that a caller wrote, as far as its head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    method: Method,
    address: Address,
    query: Option<String>,
    is_graphql: bool,
    /// Whether more can be read than the action reads whose address it is.
    is_wider: bool,
}

impl Route {
    /// Reads the head of a request to a provider: the method, the path below the base URL as it arrived, and the query.
    pub fn read(
        provider: &Provider,
        method: Method,
        path: &str,
        query: Option<&str>,
    ) -> Result<Self, Refusal> {
        let address = Address::read(path)?;
        let query = query.filter(|query| !query.is_empty());
        query.map_or(Ok(()), check_query)?;
        let segments = &address.segments;
        let is_never = |method_of: Option<Method>| method_of.is_none_or(|one| is_as(one, method));
        let mut never = provider.proxying.never.iter();
        if never.any(|never| is_never(never.method) && never.path.fit(segments) != Fit::Not) {
            return Err(Refusal::NotPermitted(format!(
                "This address of {} is never called through the proxy: it deals in credentials, in many requests at \
                 once, or in queries that read anything",
                provider.name
            )));
        }
        let mut fields = provider.proxying.requests.iter().filter(|one| one.operation.is_some());
        let is_graphql = fields.any(|one| one.path.fit(segments) != Fit::Not)
            || segments.last().is_some_and(|last| is_named_graphql(last));
        if is_graphql && !matches!(method, Method::Get | Method::Post) {
            return Err(Refusal::unclear("GraphQL is sent by POST or GET"));
        }
        if is_graphql && method == Method::Post && query.is_some() {
            return Err(Refusal::unclear(
                "Send GraphQL by POST in the body alone, without a query in the address",
            ));
        }
        let proxying = &provider.proxying;
        let is_wider = proxying.wider_paths.iter().any(|path| path.fit(segments) != Fit::Not)
            || query.is_some_and(|query| has_one_of(query, &proxying.wider_parameters));
        Ok(Self { method, query: query.map(str::to_owned), is_graphql, is_wider, address })
    }

    /// Whether the operation in the body, or for a GET in the query, decides.
    pub fn is_graphql(&self) -> bool {
        self.is_graphql
    }

    /// The method.
    pub fn method(&self) -> Method {
        self.method
    }

    /// The path below the base URL as it is sent. It begins with `/`.
    pub fn path(&self) -> String {
        self.address.written()
    }

    /// The query, if there is one.
    pub fn query(&self) -> Option<&str> {
        self.query.as_deref()
    }

    /// What the request stands for. `operation` is what it asks for, if it is GraphQL.
    ///
    /// A path that is nearly that of an action, and of none wholly, is refused.
    pub fn wish<'p>(
        &self,
        provider: &'p Provider,
        operation: Option<&Operation>,
    ) -> Result<Wish<'p>, Refusal> {
        match (self.is_graphql, operation) {
            (true, Some(operation)) => self.wish_of(provider, operation),
            (false, None) => self.plain_wish(provider),
            _ => Err(Refusal::unclear("The request is not GraphQL, or its operation is not known")),
        }
    }

    fn plain_wish<'p>(&self, provider: &'p Provider) -> Result<Wish<'p>, Refusal> {
        let mut actions: Vec<(Fit, &Action)> = Vec::new();
        for one in &provider.proxying.requests {
            let fit =
                if is_as(one.method, self.method) { one.path.fit(&self.address.segments) } else { Fit::Not };
            match provider.actions.get(one.action) {
                Some(action) if fit != Fit::Not => actions.push((fit, action)),
                _ => {}
            }
        }
        let is_known = actions.iter().any(|(fit, _)| *fit == Fit::Wholly);
        if let (false, Some((_, action))) = (is_known, actions.first()) {
            return Err(Refusal::NotPermitted(format!(
                "This address is nearly that of “{}” ({}): write it as {} does",
                action.label, action.key, provider.name
            )));
        }
        let reads = matches!(self.method, Method::Get | Method::Head) && !provider.proxying.writes_by_get;
        let other = match (actions.is_empty(), reads) {
            (false, _) => self.is_wider.then_some(Other::Reads),
            (true, true) => Some(Other::Reads),
            (true, false) => Some(Other::Writes),
        };
        Ok(Wish::new(actions.into_iter().map(|(_, action)| action), other))
    }

    /// Every field that is asked for stands for the actions that have it, at whatever version of the address. What is
    /// not asked for at an address of the provider file is also something else: by POST it may change something, as
    /// nobody says that GraphQL is spoken there.
    fn wish_of<'p>(&self, provider: &'p Provider, operation: &Operation) -> Result<Wish<'p>, Refusal> {
        if let Some(field) = operation.all_fields.intersection(&provider.proxying.never_fields).next() {
            return Err(Refusal::NotPermitted(format!(
                "The field {field} of {} is never asked for through the proxy: it deals in credentials, in who may \
                 do what, or in where messages go",
                provider.name
            )));
        }
        let (mut actions, mut is_known, mut named) = (Vec::new(), false, BTreeSet::new());
        for one in &provider.proxying.requests {
            let fit = one.path.fit(&self.address.segments);
            let is_meant = match one.operation.as_deref() {
                Some(field) if operation.fields.contains(field) => named.insert(field),
                Some(_) => false,
                None => fit != Fit::Not && is_as(one.method, self.method),
            };
            is_known |= one.operation.is_some() && fit == Fit::Wholly;
            let is_named = one.operation.as_deref().is_some_and(|field| named.contains(field));
            actions.extend(provider.actions.get(one.action).filter(|_| is_meant || is_named));
        }
        let only_reads = !operation.mutates && (is_known || self.method == Method::Get);
        let unknown =
            if only_reads && !provider.proxying.writes_by_get { Other::Reads } else { Other::Writes };
        let other = (!is_known || named.len() < operation.fields.len()).then_some(unknown);
        let wish = Wish::new(actions.into_iter(), other);
        Ok(Wish { writes: wish.writes || operation.mutates, ..wish })
    }
}

/// Whether a request with `method` is one with the method `known`: HEAD asks for what GET does.
fn is_as(known: Method, method: Method) -> bool {
    known == method || (known == Method::Get && method == Method::Head)
}

fn is_named_graphql(segment: &str) -> bool {
    let stem = segment.split('.').next().unwrap_or_default();
    stem.eq_ignore_ascii_case("graphql")
}

impl<'p> Wish<'p> {
    fn new(actions: impl Iterator<Item = &'p Action>, other: Option<Other>) -> Self {
        let mut known: Vec<&Action> = Vec::new();
        for action in actions {
            if !known.iter().any(|one| one.key == action.key) {
                known.push(action);
            }
        }
        let writes = other == Some(Other::Writes) || known.iter().any(|one| one.kind != ActionKind::ReadOnly);
        Self { actions: known, other, writes }
    }

    /// The headers by which the actions' own requests name the version of the API, with their values. What was checked
    /// of an action was checked at that version, so a request that stands for it is sent with it too.
    pub fn versions(&self) -> Vec<(String, String)> {
        let headers = self.actions.iter().flat_map(|action| &action.request.headers);
        let versions = headers.filter(|(name, _)| name.to_ascii_lowercase().ends_with(VERSION));
        versions.filter_map(|(name, value)| Some((name.clone(), value.literal()?.to_owned()))).collect()
    }
}
