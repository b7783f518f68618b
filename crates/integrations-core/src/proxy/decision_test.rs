use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{Operation, Other, Refusal, Route, decide};
use crate::catalog::{ActionKind, Catalog, Method, Provider, action::Action};
use crate::permissions::{ActionPermissions, OTHER_READS, OTHER_WRITES, Permission};

fn with_provider<T>(key: &str, test: impl FnOnce(&Provider) -> T) -> T {
    test(Catalog::built_in().get(key).unwrap())
}

/// Everything is permitted, but these keys have another permission.
fn all_but(provider: &Provider, others: &[(&str, Permission)]) -> ActionPermissions {
    let keys = provider.actions.iter().map(|action| action.key.as_str()).chain([OTHER_READS, OTHER_WRITES]);
    let all = keys.map(|key| (key.to_owned(), Permission::Allowed));
    all.chain(others.iter().map(|(key, permission)| ((*key).to_owned(), *permission))).collect()
}

fn only(keys: &[&str]) -> ActionPermissions {
    keys.iter().map(|key| ((*key).to_owned(), Permission::Allowed)).collect()
}

fn rest(
    provider: &Provider,
    permissions: &ActionPermissions,
    method: Method,
    path: &str,
) -> Result<(), Refusal> {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
    let route = Route::read(provider, method, path, query)?;
    decide(provider, permissions, &route.wish(provider, None)?)
}

fn graphql(
    provider: &Provider,
    permissions: &ActionPermissions,
    path: &str,
    operation: &Operation,
) -> Result<(), Refusal> {
    let route = Route::read(provider, Method::Post, path, None)?;
    decide(provider, permissions, &route.wish(provider, Some(operation))?)
}

fn operation(mutates: bool, fields: &[&str]) -> Operation {
    let fields: BTreeSet<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    Operation { mutates, all_fields: fields.clone(), fields }
}

fn told(result: Result<(), Refusal>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn what_an_action_stands_for_needs_its_permission_alone() {
    with_provider("zendesk", |provider| {
        let tag = "/api/v2/tickets/5/tags";
        let read = "/api/v2/tickets/5";
        assert_eq!(rest(provider, &only(&["read_ticket"]), Method::Get, read), Ok(()));
        assert_eq!(rest(provider, &only(&["read_ticket"]), Method::Head, read), Ok(()));
        assert_eq!(rest(provider, &only(&["delete_ticket"]), Method::Delete, read), Ok(()));
        let message = told(rest(provider, &only(&["read_ticket"]), Method::Delete, read));
        assert!(message.contains("delete_ticket would have to be permitted"), "{message}");
        let asked = [("delete_ticket".to_owned(), Permission::Ask)].into();
        let message = told(rest(provider, &asked, Method::Delete, read));
        assert!(message.contains("a person approves each time: call it as an action"), "{message}");
        // Its guard looks at what the ticket is.
        let message = told(rest(provider, &all_but(provider, &[]), Method::Put, tag));
        assert!(message.contains("limits only a call of the action checks"), "{message}");
    });
}

#[test]
fn every_action_that_it_could_stand_for_must_be_permitted() {
    with_provider("hubspot", |provider| {
        let batch = "/crm/v3/objects/contacts/batch/upsert";
        let both = only(&["update_contact"]);
        let message = told(rest(provider, &both, Method::Post, batch));
        assert!(message.contains("create_contact"), "{message}");
    });
    with_provider("linear", |provider| {
        let update = operation(true, &["issueUpdate"]);
        let standing: Vec<&str> = Route::read(provider, Method::Post, "/graphql", None)
            .unwrap()
            .wish(provider, Some(&update))
            .unwrap()
            .actions
            .iter()
            .map(|action| action.key.as_str())
            .collect();
        assert!(standing.len() > 1, "{standing:?}");
        let is_unguarded = standing.iter().all(|key| provider.action(key).unwrap().guards.is_empty());
        assert_eq!(graphql(provider, &only(&standing), "/graphql", &update).is_ok(), is_unguarded);
        for missing in &standing {
            let keys: Vec<&str> = standing.iter().copied().filter(|key| key != missing).collect();
            assert!(graphql(provider, &only(&keys), "/graphql", &update).is_err());
        }
    });
}

#[test]
fn every_field_of_an_operation_counts_at_every_version() {
    with_provider("shopify", |provider| {
        let permissions = all_but(provider, &[]);
        for path in [
            "/admin/api/2026-07/graphql.json",
            "/admin/api/2024-01/graphql.json",
            "/admin/api/unstable/graphql.json",
            "/admin/api/graphql.json",
        ] {
            for field in ["refundCreate", "orderCancel", "bulkOperationRunMutation", "returnRefund"] {
                let mixed = operation(true, &["tagsAdd", field]);
                assert!(graphql(provider, &permissions, path, &mixed).is_err(), "{path} {field}");
            }
            let products = operation(false, &["products"]);
            assert_eq!(graphql(provider, &only(&["lookup_product"]), path, &products), Ok(()), "{path}");
            assert!(graphql(provider, &only(&["lookup_customer"]), path, &products).is_err(), "{path}");
            let other = operation(false, &["shop", "products"]);
            let message = told(graphql(provider, &permissions, path, &other));
            assert!(
                message.contains("other_reads cannot be permitted: “Look up orders” has limits"),
                "{message}"
            );
        }
        // Another address may be another API.
        let products = operation(false, &["products"]);
        for path in
            ["/admin/API/2026-07/graphql.json", "/admin/api/2026-07/graphql", "/api/2026-07/graphql.json"]
        {
            let message = told(graphql(provider, &permissions, path, &products));
            assert!(message.contains("may change something"), "{path}: {message}");
            assert!(
                graphql(provider, &permissions, path, &operation(true, &["refundCreate"])).is_err(),
                "{path}"
            );
        }
        let update = operation(true, &["orderUpdate"]);
        let message =
            told(graphql(provider, &only(&["add_order_note"]), "/admin/api/2026-07/graphql.json", &update));
        assert!(message.contains("update_shipping_address"), "{message}");
        assert!(Route::read(provider, Method::Put, "/admin/api/2026-07/graphql.json", None).is_err());
        assert!(
            Route::read(provider, Method::Post, "/admin/api/2026-07/graphql.json", Some("query=x")).is_err()
        );
    });
}

#[test]
fn what_no_action_stands_for_is_off_until_it_is_permitted() {
    with_provider("discord", |provider| {
        let message = told(rest(provider, &only(&[]), Method::Get, "/unknown"));
        assert!(message.contains("other_reads would have to be permitted"), "{message}");
        let message = told(rest(provider, &only(&[OTHER_READS]), Method::Get, "/unknown"));
        assert!(message.ends_with("read_message would have to be permitted"), "{message}");
        let reads = only(&[OTHER_READS, "read_message"]);
        assert_eq!(rest(provider, &reads, Method::Get, "/unknown"), Ok(()));
        assert!(rest(provider, &reads, Method::Post, "/unknown").is_err());
        let asked = all_but(provider, &[(OTHER_READS, Permission::Ask)]);
        assert!(rest(provider, &asked, Method::Get, "/unknown").is_err());
        // Some search by POST.
        let all = all_but(provider, &[]);
        assert_eq!(rest(provider, &all, Method::Post, "/unknown"), Ok(()));
        let unread = all_but(provider, &[("read_message", Permission::Off)]);
        let message = told(rest(provider, &unread, Method::Post, "/unknown"));
        assert!(message.ends_with(". read_message would have to be permitted"), "{message}");
    });
    with_provider("slack", |provider| {
        for path in ["/files.delete?file=F1", "/conversations.archive?channel=C1"] {
            let message = told(rest(provider, &all_but(provider, &[]), Method::Get, path));
            assert!(message.contains("may change something"), "{message}");
        }
        let [(_, why_not), _] = super::other_permissions(provider);
        assert_eq!(why_not.unwrap(), "Slack takes writes by GET too");
    });
}

/// Whether a request writes, if it stands for this action alone and is sent. `None`: it does not, or it is not sent.
fn sent_for(
    provider: &Provider,
    permissions: &ActionPermissions,
    action: &str,
    (method, way): (Method, &str),
    asked: &Operation,
) -> Option<bool> {
    let (path, query) = way.split_once('?').map_or((way, None), |(path, query)| (path, Some(query)));
    let route = Route::read(provider, method, path, query).ok()?;
    let wish = route.wish(provider, route.is_graphql().then_some(asked)).ok()?;
    let is_sent = stands_alone(&wish, action) && decide(provider, permissions, &wish).is_ok();
    is_sent.then_some(wish.writes)
}

/// Everything that can be permitted is, and yet nothing passes that a guard should have seen.
#[test]
fn no_way_leads_around_a_guard() {
    for provider in Catalog::built_in().iter() {
        for action in provider.actions.iter().filter(|action| action.kind != ActionKind::ReadOnly) {
            let permissions = match action.guards.is_empty() {
                true => all_but(provider, &[(&action.key, Permission::Ask)]),
                false => all_but(provider, &[]),
            };
            for request in action.requests() {
                let path: String = request.path.split('/').map(filled).collect::<Vec<_>>().join("/");
                for way in ways(&path) {
                    for method in Method::ALL {
                        let is_read = matches!(method, Method::Get | Method::Head);
                        if is_read && !provider.proxying.writes_by_get {
                            continue;
                        }
                        let asked = operation(true, &[request.operation.as_deref().unwrap_or("unknown")]);
                        let writes = sent_for(provider, &permissions, &action.key, (method, &way), &asked);
                        assert_ne!(writes, Some(true), "{}: {} {method} {way}", provider.key, action.key);
                    }
                }
            }
        }
    }
}

/// Everything else is permitted, and yet nothing passes that reads what a person has not simply permitted.
#[test]
fn no_way_leads_around_a_reading_permission() {
    let mut passed = 0;
    for provider in Catalog::built_in().iter() {
        for action in provider.actions.iter().filter(|action| action.kind == ActionKind::ReadOnly) {
            let (off, ask) =
                ([(action.key.as_str(), Permission::Off)], [(action.key.as_str(), Permission::Ask)]);
            let denied = match action.guards.is_empty() {
                true => vec![all_but(provider, &off), all_but(provider, &ask)],
                false => vec![all_but(provider, &[])],
            };
            for request in action.requests() {
                let path: String = request.path.split('/').map(filled).collect::<Vec<_>>().join("/");
                let fields = operation(false, &[request.operation.as_deref().unwrap_or("unknown")]);
                for way in ways(&path).into_iter().chain(other_places(&path)) {
                    for method in Method::ALL {
                        let passes = |permissions: &ActionPermissions| {
                            sent_for(provider, permissions, &action.key, (method, &way), &fields).is_some()
                        };
                        for permissions in &denied {
                            assert!(!passes(permissions), "{}: {} {method} {way}", provider.key, action.key);
                        }
                        passed += usize::from(passes(&all_but(provider, &[])));
                    }
                }
            }
        }
    }
    // With everything permitted, many of these requests are sent.
    assert!(passed > 500, "{passed}");
}

/// Other places where what an action reads could be read too.
fn other_places(path: &str) -> Vec<String> {
    let head = path.rsplit_once('/').map_or("", |(head, _)| head);
    vec![
        "/unknown".to_owned(),
        "/graphql".to_owned(),
        "/api/graphql".to_owned(),
        format!("{head}/search"),
        format!("{head}/export"),
        format!("{path}.csv"),
        format!("{path}/batch/read"),
        format!("{path}/history"),
        format!("{path}?expand[]=data.customer"),
        format!("{path}?include=users"),
    ]
}

#[test]
fn what_reads_more_than_its_action_needs_other_reads_too() {
    for (key, action, narrow, wide) in [
        ("stripe", "lookup_payment", "/v1/charges/ch_1", "/v1/charges/ch_1?expand[]=customer"),
        (
            "stripe",
            "lookup_payment",
            "/v1/charges?limit=1",
            "/v1/charges?limit=1&%65xpand%5B0%5D=data.customer",
        ),
        ("zendesk", "read_ticket", "/api/v2/tickets/5", "/api/v2/tickets/5?include=users"),
        ("zendesk", "lookup_ticket", "/api/v2/tickets", "/api/v2/search/export?query=x&filter[type]=user"),
        ("zendesk", "lookup_ticket", "/api/v2/tickets", "/api/v2/search/export.json?filter[type]=user"),
        ("zendesk", "lookup_ticket", "/api/v2/tickets", "/api/v2/search?query=type:user"),
        ("pipedrive", "lookup_deal", "/v2/deals", "/v2/itemSearch?item_types=lead,file"),
    ] {
        with_provider(key, |provider| {
            let one = only(&[action]);
            assert_eq!(rest(provider, &one, Method::Get, narrow), Ok(()), "{narrow}");
            let message = told(rest(provider, &one, Method::Get, wide));
            assert!(message.contains("other_reads would have to be permitted"), "{wide}: {message}");
            assert_eq!(rest(provider, &all_but(provider, &[]), Method::Get, wide), Ok(()), "{wide}");
        });
    }
}

#[test]
fn a_query_language_is_no_reading_of_an_action() {
    with_provider("salesforce", |provider| {
        for path in
            ["query", "Query", "query/01g-2000", "queryAll", "search", "parameterizedSearch", "graphql"]
        {
            for (version, method) in [("v68.0", Method::Get), ("v41.0", Method::Get), ("v68.0", Method::Post)]
            {
                let path = format!("/services/data/{version}/{path}");
                let route = Route::read(provider, method, &path, None);
                assert!(matches!(route, Err(Refusal::NotPermitted(_))), "{method} {path}: {route:?}");
            }
        }
        let read = "/services/data/v68.0/sobjects/Contact/003x";
        assert_eq!(rest(provider, &only(&["search_records"]), Method::Get, read), Ok(()));
    });
}

#[test]
fn some_fields_are_never_asked_for_at_any_depth() {
    for (key, path, fields) in [
        (
            "linear",
            "/graphql",
            vec!["webhooks", "webhookCreate", "userChangeRole", "logout", "pushSubscriptionTest"],
        ),
        (
            "shopify",
            "/admin/api/2026-07/graphql.json",
            vec![
                "storefrontAccessTokens",
                "appUninstall",
                "webhookSubscriptionCreate",
                "delegateAccessTokenCreate",
            ],
        ),
    ] {
        with_provider(key, |provider| {
            for field in fields {
                for mutates in [false, true] {
                    let at_top = operation(mutates, &[field]);
                    let beneath =
                        Operation { fields: ["issue".to_owned()].into(), ..operation(mutates, &[field]) };
                    for operation in [at_top, beneath] {
                        let message = told(graphql(provider, &all_but(provider, &[]), path, &operation));
                        assert!(
                            message.contains("is never asked for through the proxy"),
                            "{field}: {message}"
                        );
                    }
                }
            }
        });
    }
}

#[test]
fn nobody_says_that_graphql_elsewhere_is_the_same() {
    with_provider("linear", |provider| {
        let all = all_but(provider, &[]);
        assert_eq!(graphql(provider, &all, "/graphql", &operation(true, &["projectCreate"])), Ok(()));
        for path in ["/other/graphql", "/GraphQL", "/graphql.json"] {
            let route = Route::read(provider, Method::Post, path, None).unwrap();
            let wish = route.wish(provider, Some(&operation(false, &["issues"]))).unwrap();
            assert_eq!((wish.other, wish.writes), (Some(Other::Writes), true), "{path}");
        }
        let linked = operation(true, &["attachmentLinkSlack"]);
        assert!(graphql(provider, &only(&["link_conversation"]), "/graphql", &linked).is_err());
        let both = only(&["link_conversation", "comment_on_issue"]);
        assert_eq!(graphql(provider, &both, "/graphql", &linked), Ok(()));
    });
}

#[test]
fn addresses_of_other_tokens_and_of_webhooks_are_never_called() {
    with_provider("shopify", |provider| {
        for path in [
            "/admin/api/2026-07/storefront_access_tokens.json",
            "/admin/storefront_access_tokens.json",
            "/admin/api/unstable/webhooks.json",
            "/admin/api/2026-07/webhooks/1.json",
            "/admin/access_tokens/delegate",
        ] {
            let route = Route::read(provider, Method::Get, path, None);
            assert!(matches!(route, Err(Refusal::NotPermitted(_))), "{path}: {route:?}");
        }
    });
}

#[test]
fn money_by_another_way_is_a_refund() {
    let stands_for_refund = |key: &str, method, path: &str, field: Option<&str>| {
        with_provider(key, |provider| {
            let route = Route::read(provider, method, path, None).unwrap();
            let operation = field.map(|field| operation(true, &[field]));
            let wish = route.wish(provider, operation.as_ref()).unwrap();
            let is_refund = wish.actions.iter().any(|action| action.key == "issue_refund");
            assert!(
                is_refund && decide(provider, &all_but(provider, &[]), &wish).is_err(),
                "{path} {field:?}"
            );
        });
    };
    for path in [
        "/v1/customers",
        "/v1/customers/cus_1",
        "/v1/customers/cus_1/balance_transactions",
        "/v1/customers/cus_1/cash_balance",
        "/v1/credit_notes",
        "/v2/core/accounts",
        "/v2/core/accounts/acct_1",
    ] {
        stands_for_refund("stripe", Method::Post, path, None);
    }
    for field in
        ["giftCardCreate", "giftCardCredit", "storeCreditAccountCredit", "orderEditCommit", "orderCancel"]
    {
        stands_for_refund("shopify", Method::Post, "/admin/api/2025-10/graphql.json", Some(field));
    }
    for (method, path) in [
        (Method::Post, "/admin/api/2025-10/gift_cards.json"),
        (Method::Post, "/admin/api/2025-10/gift_cards/1/adjustments.json"),
        (Method::Put, "/admin/api/2025-10/draft_orders/1/complete.json"),
    ] {
        stands_for_refund("shopify", method, path, None);
    }
}

#[test]
fn the_version_of_the_api_is_that_of_the_action() {
    with_provider("cal-com", |provider| {
        let versions = |method, path| {
            let route = Route::read(provider, method, path, None).unwrap();
            route.wish(provider, None).unwrap().versions()
        };
        let named = |version: &str| ("cal-api-version".to_owned(), version.to_owned());
        assert_eq!(versions(Method::Get, "/slots"), [named("2024-09-04")]);
        assert!(versions(Method::Post, "/bookings").iter().all(|one| *one == named("2026-02-25")));
        assert!(versions(Method::Get, "/me").is_empty());
    });
    // No request stands for actions of different versions.
    for provider in Catalog::built_in().iter() {
        for request in
            provider.actions.iter().flat_map(Action::requests).filter(|one| one.operation.is_none())
        {
            let path: String = request.path.split('/').map(filled).collect::<Vec<_>>().join("/");
            let Ok(route) = Route::read(provider, request.method, &path, None) else { continue };
            let Ok(wish) = route.wish(provider, None) else { continue };
            let versions = wish.versions();
            assert!(
                versions.windows(2).all(|two| two[0] == two[1]),
                "{}: {path}: {versions:?}",
                provider.key
            );
        }
    }
}

/// Whether a request stands for this action, or for what no action stands for: not for other actions alone.
fn stands_alone(wish: &super::Wish<'_>, key: &str) -> bool {
    wish.other.is_some() || wish.actions.iter().any(|action| action.key == key)
}

fn filled(segment: &str) -> String {
    match (segment.find('{'), segment.rfind('}')) {
        (Some(from), Some(to)) => format!("{}x1{}", &segment[..from], &segment[to + 1..]),
        _ => segment.to_owned(),
    }
}

/// Other ways to write a path.
fn ways(path: &str) -> Vec<String> {
    let (head, last) = path.rsplit_once('/').unwrap_or(("", path));
    let other_version = |from: &str, to: &str| path.replace(from, to);
    vec![
        path.to_owned(),
        format!("{path}/"),
        format!("/{path}"),
        format!("{path}.json"),
        format!("{path}.xml"),
        format!("{path}."),
        format!("{path};a=1"),
        format!("{path}%00"),
        format!("{path}%20"),
        format!("{path}/batch"),
        format!("{path}/x/.."),
        format!("{head}/./{last}"),
        format!("{head}/%2e/{last}"),
        format!("{head}%2f{last}"),
        format!("{head}\\{last}"),
        format!("{head}/{}", last.to_uppercase()),
        path.to_uppercase(),
        other_version("/v1/", "/v2/"),
        other_version("/v2/", "/v1/"),
        other_version("2026-07", "2025-01"),
        other_version("2026-07", "unstable"),
        other_version("2026-09", "v4"),
        other_version("v68.0", "v21.0"),
        format!("https://evil.test{path}"),
        format!("/@evil.test{path}"),
    ]
}

#[test]
fn addresses_of_credentials_and_batches_are_never_called() {
    for (key, path) in [
        ("shopify", "/admin/oauth/access_token"),
        ("shopify", "/admin/oauth/authorize"),
        ("shopify", "/admin/OAuth/access_token.json"),
        ("shopify", "/admin/api_permissions/current.json"),
        ("slack", "/oauth.v2.access"),
        ("slack", "/auth.revoke"),
        ("slack", "/apps.uninstall"),
        ("hubspot", "/oauth/2026-03/token"),
        ("hubspot", "/oauth/v1/token"),
        ("hubspot", "/oauth/v1/refresh-tokens/x"),
        ("linear", "/oauth/token"),
        ("linear", "/oauth/revoke"),
        ("notion", "/v1/oauth/token"),
        ("notion", "/v1/oauth/revoke"),
        ("zendesk", "/oauth/tokens"),
        ("zendesk", "/api/v2/oauth/tokens/current.json"),
        ("salesforce", "/services/oauth2/token"),
        ("salesforce", "/services/data/v58.0/composite"),
        ("salesforce", "/services/data/v58.0/composite/batch"),
        ("salesforce", "/services/data/v58.0/tooling/executeAnonymous"),
        ("salesforce", "/services/Soap/u/58.0"),
        ("github", "/applications/Iv1/token"),
    ] {
        with_provider(key, |provider| {
            for method in Method::ALL {
                let refused = rest(provider, &all_but(provider, &[]), method, path);
                assert!(
                    matches!(refused, Err(Refusal::NotPermitted(_))),
                    "{key} {method} {path}: {refused:?}"
                );
            }
        });
    }
}

proptest! {
    #[test]
    fn nothing_is_permitted_that_one_permission_denies(
        pick in 0..1_000_usize,
        denied in 0..1_000_usize,
        other in any::<bool>(),
    ) {
        with_provider("zendesk", |provider| {
            let table = &provider.proxying.requests;
            let entry = &table[pick % table.len()];
            let action = &provider.actions[entry.action];
            let requests = action.requests();
            let request = &requests[denied % requests.len()];
            let path: String = request.path.split('/').map(filled).collect::<Vec<_>>().join("/");
            let route = Route::read(provider, request.method, &path, None).unwrap();
            let wish = route.wish(provider, None).unwrap();
            prop_assert!(wish.actions.iter().any(|one| one.key == action.key));
            prop_assert_ne!(wish.other, Some(Other::Writes));
            let one = &wish.actions[denied % wish.actions.len()].key;
            let permission = if other { Permission::Ask } else { Permission::Off };
            prop_assert!(decide(provider, &all_but(provider, &[(one, permission)]), &wish).is_err());
            let unguarded = wish.actions.iter().all(|one| one.guards.is_empty());
            prop_assert_eq!(decide(provider, &all_but(provider, &[]), &wish).is_ok(), unguarded);
            Ok(())
        })?;
    }
}

#[test]
fn a_path_with_another_option_is_no_request_of_the_action() {
    with_provider("salesforce", |provider| {
        let permissions = only(&["delete_record", OTHER_READS]);
        let at = |object: &str| format!("/services/data/v60.0/sobjects/{object}/500x");
        let action = provider.actions.iter().find(|one| one.key.starts_with("delete")).unwrap();
        let permissions =
            permissions.into_iter().chain([(action.key.clone(), Permission::Allowed)]).collect();
        assert_eq!(rest(provider, &permissions, Method::Delete, &at("Case")), Ok(()));
        for object in ["User", "case", "Account"] {
            assert!(rest(provider, &permissions, Method::Delete, &at(object)).is_err(), "{object}");
        }
    });
}

#[test]
fn what_is_asked_for_beside_actions_is_told_apart() {
    with_provider("discord", |provider| {
        let wish = |method, path| {
            let route = Route::read(provider, method, path, None).unwrap();
            let wish = route.wish(provider, None).unwrap();
            (wish.other, wish.writes, wish.actions.len())
        };
        assert_eq!(wish(Method::Get, "/messages/1"), (None, false, 1));
        assert_eq!(wish(Method::Delete, "/messages/1"), (None, true, 1));
        assert_eq!(wish(Method::Get, "/x"), (Some(Other::Reads), false, 0));
        assert_eq!(wish(Method::Patch, "/x"), (Some(Other::Writes), true, 0));
    });
}
