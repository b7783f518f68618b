//! A form that a person fills in: a credential, or the client that gets one.

use url::Url;

use super::field::Field;

/// A credential that is typed into a form.
#[derive(Clone, Debug)]
pub struct CredentialForm {
    /// The page at the provider where a person creates it.
    pub page: Option<Url>,
    /// Its fields, all of them secret. Those that are found out come last.
    pub fields: Vec<Field>,
}

impl CredentialForm {
    /// The fields that a person types.
    pub fn typed(&self) -> &[Field] {
        let end = self.fields.iter().position(|field| field.found).unwrap_or(self.fields.len());
        &self.fields[..end]
    }
}
