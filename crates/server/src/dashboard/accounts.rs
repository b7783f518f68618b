//! `POST …/{provider}/accounts`: on to the page of another account.

use axum::{extract::State, response::Response};
use http::StatusCode;
use integrations_core::{
    catalog::{ProviderAccount, ProviderRef},
    issue::Issue,
    lifecycle::Status,
};

use super::{
    provider_page,
    state::Pages,
    view::provider_page::{Part, RefusedForm},
    visit::{Allowed, Posted},
};
use crate::edge::{failure::Failure, scoped::IntegrationsWrite};

/// Leads to the page on which the account is connected. Nothing is stored before that.
pub(super) async fn add(
    State(pages): State<Pages>,
    Posted { by: Allowed { on, .. }, form }: Posted<Allowed<IntegrationsWrite>>,
) -> Result<Response, Failure> {
    let account = on.named.account(&pages)?;
    let alias = written(form.trimmed("alias"));
    let problem = match ProviderRef::under_alias(&account.provider.key, &alias) {
        Err(_) => "Expected letters without accents, digits and hyphens, 40 at most",
        Ok(reference) => {
            let other = ProviderAccount { reference, ..account.clone() };
            let row = pages.integrations.find(&on.tenant, &other).await?;
            if row.is_none_or(|row| row.status == Status::Disconnected.as_str()) {
                let page = on.visit.addresses.provider(on.tenant.project, other.as_str());
                return Ok(on.visit.go_to(&page));
            }
            "There is an account of this name already"
        }
    };
    let (title, advice) = ("No account was added", "Choose another name below.");
    let refused = RefusedForm::new(Part::Accounts, title, advice, vec![Issue::new("alias", problem)], form);
    provider_page::answer(&on, &account, StatusCode::UNPROCESSABLE_ENTITY, (None, None), Some(&refused)).await
}

/// A name as it stands in addresses: `EU shop` is written `eu-shop`.
fn written(name: &str) -> String {
    name.to_lowercase().split_whitespace().collect::<Vec<_>>().join("-")
}
