//! What to call those who acted.

use std::collections::{BTreeMap, BTreeSet};

use integrations_core::{
    ids::{OrganizationId, UserId},
    principal::Principal,
    rights::Reach,
};

use super::state::Pages;
use crate::{edge::failure::Failure, store::OwnedError};

/// The names of an organization's keys and of people, by their ids as they are stored. Those who have none, or are not
/// known any more, are left out.
pub(super) async fn of<'a>(
    pages: &Pages,
    organization: OrganizationId,
    ids: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeMap<String, String>, Failure> {
    let principals: BTreeSet<Principal> = ids.into_iter().filter_map(|id| id.parse().ok()).collect();
    let people = principals.iter().filter_map(|principal| match principal {
        Principal::User(user) => Some(*user),
        Principal::ApiKey(_) => None,
    });
    let people: BTreeSet<UserId> = people.collect();
    let mut names = BTreeMap::new();
    if !people.is_empty() {
        let found = pages.people.names(&people).await?;
        names.extend(found.into_iter().map(|(id, name)| (id.to_string(), name)));
    }
    for principal in principals {
        let Principal::ApiKey(id) = principal else { continue };
        match pages.keys.get(organization, &Reach::Organization, id).await {
            Ok(key) => drop(names.insert(key.id, key.name)),
            Err(OwnedError::NotFound) => {}
            Err(error) => return Err(Failure::of_key(error)),
        }
    }
    Ok(names)
}
