//! The request to the authorization endpoint (RFC 6749, section 4.1.1).

use crate::catalog::OAuth;

/// The query parameters of the authorize URL that come from the provider's file: `scope` if there are scopes, then
/// further lists of scopes, then the rest.
///
/// The server adds `client_id`, `redirect_uri`, `response_type`, `state` and the code challenge. A provider file cannot
/// set those.
pub fn authorize_parameters(oauth: &OAuth) -> Vec<(String, String)> {
    let join = |scopes: &[String]| scopes.join(&oauth.scope_separator);
    let scope = (!oauth.scopes.is_empty()).then(|| ("scope".to_owned(), join(&oauth.scopes)));
    let extra = oauth.extra_scopes.iter().map(|extra| (extra.param.clone(), join(&extra.scopes)));
    let further = oauth.authorize_params.iter().map(|(name, value)| (name.clone(), value.clone()));
    scope.into_iter().chain(extra).chain(further).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::contract_test::of_the_contract;

    fn parameters(provider: &str) -> Vec<(String, String)> {
        let catalog = of_the_contract();
        authorize_parameters(catalog.get(provider).unwrap().oauth().unwrap())
    }

    fn pair(name: &str, value: &str) -> (String, String) {
        (name.to_owned(), value.to_owned())
    }

    #[test]
    fn scopes_are_joined_as_the_provider_asks() {
        assert_eq!(parameters("linear"), [pair("scope", "read,write"), pair("prompt", "consent")]);
        assert_eq!(parameters("zendesk"), [pair("scope", "read write")]);
    }

    #[test]
    fn there_is_no_scope_parameter_without_scopes() {
        assert_eq!(parameters("notion"), [pair("owner", "user")]);
        assert_eq!(parameters("pipedrive"), []);
    }

    #[test]
    fn optional_scopes_have_a_parameter_of_their_own() {
        assert_eq!(parameters("hubspot")[1], pair("optional_scope", "crm.objects.deals.read tickets"));
    }
}
