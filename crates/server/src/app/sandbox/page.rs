//! How the shop's pages look. They are another site's, and look like one.

use axum::response::{IntoResponse as _, Response};
use http::{HeaderName, StatusCode, header};
use maud::{DOCTYPE, Markup, html};
use time::macros::format_description;
use url::Url;

use super::books::{Books, Mode};

/// The style of all pages.
pub(super) const STYLE: &str = include_str!("sandbox.css");

/// Answers with a page. A form may lead to `elsewhere` too.
fn page(status: StatusCode, title: &str, elsewhere: &str, content: &Markup) -> Response {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {elsewhere}; base-uri 'none'; \
         frame-ancestors 'none'"
    );
    let headers = [
        (header::CONTENT_TYPE, "text/html; charset=utf-8".to_owned()),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::REFERRER_POLICY, "same-origin".to_owned()),
        (header::CACHE_CONTROL, "no-store".to_owned()),
        (header::X_FRAME_OPTIONS, "DENY".to_owned()),
        (HeaderName::from_static("x-content-type-options"), "nosniff".to_owned()),
    ];
    let document = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Sandbox Shop" }
                link rel="stylesheet" href="/style.css";
                link rel="icon" href="data:,";
            }
            body {
                header { a.shop href="/" { "Sandbox Shop" } p { "A made-up shop. Nothing here is real, and no money moves." } }
                main { (content) }
            }
        }
    };
    (status, headers, document.into_string()).into_response()
}

/// Says what is wrong.
pub(super) fn problem(status: StatusCode, why: &str) -> Response {
    let content = html! { section.card { h1 { "That did not work" } p { (why) } } };
    page(status, "That did not work", "", &content)
}

fn scope_words(scope: &str) -> &'static str {
    match scope {
        "orders:read" => "See orders and customers",
        "orders:write" => "Add notes to orders",
        "refunds:write" => "Pay back orders",
        _ => "Something else",
    }
}

/// Asks the person whether an app may have `scopes`. The form repeats what the app sent.
pub(super) fn consent(fields: &[(String, String)], scopes: &[String], redirect: &str) -> Response {
    let origin = Url::parse(redirect).map(|url| url.origin().ascii_serialization()).unwrap_or_default();
    let content = html! {
        section.card.narrow {
            p.eyebrow { "Sandbox Shop asks you" }
            h1 { "Let riq-server use this shop?" }
            p { "It is at " code { (origin) } ", and could then:" }
            ul.ticks { @for scope in scopes { li { (scope_words(scope)) } } }
            form method="post" action="/oauth/authorize" {
                @for (name, value) in fields { input type="hidden" name=(name) value=(value); }
                div.buttons {
                    button.primary name="decision" value="allow" { "Allow" }
                    button name="decision" value="deny" { "Do not allow" }
                }
            }
        }
    };
    page(StatusCode::OK, "Let an app in?", &origin, &content)
}

const fn mode_words(mode: Mode) -> &'static str {
    match mode {
        Mode::Well => "The API works",
        Mode::Slow => "The API takes three seconds for each answer",
        Mode::Failing => "The API does nothing, and answers 503",
        Mode::Losing => "The API does what it is asked for, but the answers to writes get lost (502)",
    }
}

/// The shop's own page.
pub(super) fn home(books: &Books) -> Response {
    let content = html! {
        (access(books))
        (orders(books))
        (refunds(books))
        (behaviour(books.mode))
        (arrived(books))
    };
    page(StatusCode::OK, "Back office", "", &content)
}

fn access(books: &Books) -> Markup {
    let working = books.grants.working();
    html! {
        section.card {
            h1 { "Back office" }
            @if working == 0 {
                p { "No app is connected. What was connected gets 401." }
            } @else {
                p { strong { "An app is connected." } " Withdraw its token, and see what the server makes of it within a minute." }
                form method="post" action="/withdraw" { button.danger { "Withdraw the token" } }
            }
            p { a href="/docs" { "Documentation of the API" } }
        }
    }
}

fn orders(books: &Books) -> Markup {
    html! {
        section.card {
            h2 { "Orders" }
            table {
                thead { tr { th { "Order" } th { "Customer" } th { "Items" } th { "Paid" } th { "Paid back" } th { "Notes" } } }
                tbody {
                    @for order in &books.shop.orders {
                        tr {
                            td { (order.id) " " span.soft { (order.status) } }
                            td { (order.email()) }
                            td { @for (title, count) in order.items { div { (count) " × " (title) } } }
                            td { (order.paid_in_words()) }
                            td { (order.refunded_in_words()) }
                            td { @for note in &order.notes { div { (note.text) } } }
                        }
                    }
                }
            }
        }
    }
}

fn refunds(books: &Books) -> Markup {
    html! {
        section.card {
            h2 { "Refunds" }
            @if books.shop.refunds.is_empty() { p.soft { "None." } } @else {
                table {
                    thead { tr { th { "Refund" } th { "Order" } th { "Amount" } th { "Reason" } } }
                    tbody {
                        @for refund in books.shop.refunds.iter().rev() {
                            tr {
                                td { (refund.id) }
                                td { (refund.order) }
                                td { (refund.in_words()) }
                                td { (refund.reason.as_deref().unwrap_or_default()) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn behaviour(mode: Mode) -> Markup {
    html! {
        section.card {
            h2 { "How it behaves" }
            form method="post" action="/mode" {
                @for one in Mode::ALL {
                    label.choice {
                        input type="radio" name="mode" value=(one.as_str()) checked[one == mode];
                        " " (mode_words(one))
                    }
                }
                div.buttons { button { "Behave so" } }
            }
        }
    }
}

fn arrived(books: &Books) -> Markup {
    let time = format_description!("[hour]:[minute]:[second]");
    html! {
        section.card {
            h2 { "What arrived" }
            p.soft { "The newest first, without tokens. Load the page again to see more." }
            @if books.seen.is_empty() { p { "Nothing yet." } } @else {
                table {
                    thead { tr { th { "UTC" } th { "Request" } th { "Body" } th { "Answer" } } }
                    tbody {
                        @for seen in &books.seen {
                            tr {
                                td { (seen.at.format(time).unwrap_or_default()) }
                                td { code { (seen.method) " " (seen.path) } }
                                td { code { (seen.body) } }
                                td { (seen.status) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The documentation of the API.
pub(super) fn documentation() -> Response {
    let rows = [
        ("GET /api/me", "orders:read", "Which shop it is."),
        (
            "GET /api/orders/{id}",
            "orders:read",
            "An order. Amounts are whole numbers of the currency's smallest unit.",
        ),
        ("GET /api/orders?email=", "orders:read", "The orders of a customer."),
        ("GET /api/orders/{id}/notes", "orders:read", "The notes on an order."),
        ("GET /api/customers/{id}", "orders:read", "A customer."),
        ("GET /api/refunds?order=", "orders:read", "The refunds of an order."),
        ("POST /api/orders/{id}/notes", "orders:write", "Adds a note: text, reference."),
        (
            "POST /api/refunds",
            "refunds:write",
            "Pays back: order, amount, currency, reason, reference. No more than is left.",
        ),
    ];
    let content = html! {
        section.card {
            h1 { "The API" }
            p { "Log in by OAuth 2.0 with a code, PKCE (S256) and HTTP Basic; scopes are separated by blanks. Access tokens "
                "work for an hour. Each refresh replaces the refresh token, and using one twice ends the access. "
                code { "POST /oauth/revoke" } " ends it too (RFC 7009)." }
            p { "Send " code { "Authorization: Bearer …" } ". A POST needs JSON and an " code { "Idempotency-Key" }
                ": with the same key the same request is made once, and another is a 409." }
            table {
                thead { tr { th { "Request" } th { "Scope" } th { "" } } }
                tbody { @for (request, scope, words) in rows { tr { td { code { (request) } } td { code { (scope) } } td { (words) } } } }
            }
            p { "Errors are " code { "{\"error\": {\"code\": …, \"message\": …}}" } ": 400 for what cannot be read, 401 without a "
                "working token, 403 without the scope, 404, 409, 422 for what cannot be done. After a 503 nothing was done." }
        }
    };
    page(StatusCode::OK, "The API", "", &content)
}
