//! Who may see the answer to an earlier request that made a key.

use integrations_core::{error::ErrorCode, ids::ApiKeyId, wire::NewApiKeyResponse};

use crate::{
    edge::failure::Failure,
    http::{
        answer::Answer,
        auth::{KeysAdmin, OrganizationAccess},
        key_access::KeyAccess,
        state::Api,
    },
    store::OwnedError,
};

impl KeyAccess for OrganizationAccess<KeysAdmin> {
    fn caller(&self) -> ApiKeyId {
        self.caller.key
    }

    /// The key of the path, and the one that the answer shows, are looked for as the caller may see them now.
    async fn admit(&self, api: &Api, answer: Option<&Answer>) -> Result<(), Failure> {
        let (organization, reach) = (self.organization(), &self.caller.rights.reach);
        if self.names_key() {
            api.keys.get(organization, reach, self.key()?).await.map_err(Failure::of_key)?;
        }
        let Some(answer) = answer else { return Ok(()) };
        let shown = answer.read::<NewApiKeyResponse>()?.data.record.id;
        let shown = shown.parse::<ApiKeyId>().map_err(|error| Failure::internal(&error))?;
        match api.keys.get(organization, reach, shown).await {
            Err(OwnedError::NotFound) => Err(Failure::new(
                ErrorCode::ApiKeyProjectMismatch,
                "The API key is bound to projects by now, and the key of the first answer reaches beyond them",
            )),
            found => found.map(drop).map_err(Failure::of_key),
        }
    }
}
