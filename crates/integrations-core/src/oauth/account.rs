//! Reads which account at the provider was connected.

use serde_json::{Map, Value};

use super::text::one_line;
use crate::catalog::{Account, AccountPart};
use crate::name::MAX_NAME;

/// The most characters of an account's id.
const MAX_ID: usize = 255;

/// An account at a provider: a Slack team, a shop, a GitHub user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountIdentity {
    /// Its id, unique at the provider: 1 to 255 characters.
    pub id: String,
    /// Its name for people: one line of 1 to [`MAX_NAME`] characters.
    pub name: Option<String>,
}

impl AccountIdentity {
    /// Its name, or its id if it has no name.
    pub fn label(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }
}

impl Account {
    /// The account's id where what is stored says it: then it is known even if the provider does not answer.
    pub fn id_by_stored(
        &self,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Option<AccountIdentity> {
        let is_stored = |part: &AccountPart| matches!(part, AccountPart::Stored(_));
        let known = self.id.iter().all(is_stored).then(|| self.read(&Value::Null, connection, credential))?;
        Some(AccountIdentity { name: None, ..known? })
    }

    /// Reads the account from `answer`, the JSON of [`Account::source`]; `None` if it has no id.
    ///
    /// `connection` holds the fields that the person supplied, and `credential` the kept ones.
    pub fn read(
        &self,
        answer: &Value,
        connection: &Map<String, Value>,
        credential: &Map<String, Value>,
    ) -> Option<AccountIdentity> {
        let stored = |name: &str| connection.get(name).or_else(|| credential.get(name))?.as_str();
        let first = |parts: &[AccountPart], limit| {
            parts.iter().find_map(|part| one_line(&part.find(answer, stored)?, limit))
        };
        Some(AccountIdentity { id: first(&self.id, MAX_ID)?, name: first(&self.name, MAX_NAME) })
    }
}

impl AccountPart {
    fn find<'v>(&self, answer: &Value, stored: impl Fn(&str) -> Option<&'v str>) -> Option<String> {
        match self {
            Self::Answer(pointer) => text(pointer.of(answer)?),
            Self::Stored(fields) => fields.render_known(stored),
        }
    }
}

/// Reads a string, or a number as its decimal digits.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalog::contract_test::of_the_contract;

    fn read(provider: &str, answer: Value, connection: Value) -> Option<AccountIdentity> {
        let catalog = of_the_contract();
        let account = catalog.get(provider).unwrap().account.clone().unwrap();
        account.read(&answer, connection.as_object().unwrap(), &Map::new())
    }

    fn identity(id: &str, name: Option<&str>) -> Option<AccountIdentity> {
        Some(AccountIdentity { id: id.to_owned(), name: name.map(str::to_owned) })
    }

    #[test]
    fn the_first_place_that_is_there_wins() {
        let team = json!({"team": {"id": "T1", "name": "Acme"}, "enterprise": {"id": "E1", "name": "Group"}});
        assert_eq!(read("slack", team, json!({})), identity("T1", Some("Acme")));
        let whole_organization = json!({"team": null, "enterprise": {"id": "E1", "name": "Group"}});
        assert_eq!(read("slack", whole_organization, json!({})), identity("E1", Some("Group")));
    }

    #[test]
    fn a_number_counts_as_its_digits() {
        assert_eq!(
            read("github", json!({"id": 583231, "login": "octocat"}), json!({})),
            identity("583231", Some("octocat"))
        );
    }

    #[test]
    fn a_field_of_the_connection_can_be_the_account() {
        let connection = json!({"subdomain": "acme"});
        assert_eq!(read("shopify", json!({}), connection.clone()), identity("acme", Some("acme")));
        let answer = json!({"data": {"shop": {"name": "Acme Goods"}}});
        assert_eq!(read("shopify", answer, connection), identity("acme", Some("Acme Goods")));
    }

    #[test]
    fn the_connection_alone_says_the_id_where_no_other_place_does() {
        let catalog = of_the_contract();
        let by_connection = |provider: &str| {
            let account = catalog.get(provider).unwrap().account.clone().unwrap();
            account.id_by_stored(json!({"subdomain": "acme"}).as_object().unwrap(), &Map::new())
        };
        assert_eq!(by_connection("shopify"), identity("acme", None));
        assert_eq!(by_connection("slack"), None);
    }

    #[test]
    fn a_name_is_one_line_that_can_be_a_display_name() {
        let long = "é".repeat(300);
        let read =
            |name: &str| read("slack", json!({"team": {"id": "T1", "name": name}}), json!({})).unwrap();
        assert_eq!(read(&long).name.unwrap().chars().count(), MAX_NAME);
        assert_eq!(read("  A\r\nB\0 ").name.unwrap(), "A B");
        assert_eq!(read(" \t ").name, None);
        assert_eq!(read(" \t ").label(), "T1");
    }

    #[test]
    fn there_is_no_account_without_an_id() {
        assert_eq!(read("slack", json!({"team": {"name": "Acme"}}), json!({})), None);
        assert_eq!(read("slack", json!({"team": {"id": ""}}), json!({})), None);
        assert_eq!(read("slack", json!("team"), json!({})), None);
    }
}
