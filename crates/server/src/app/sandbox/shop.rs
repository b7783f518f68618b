//! The shop's orders, refunds and notes, and its API. It refuses what its documentation does not allow.

use std::collections::HashMap;

use integrations_core::action::Money;
use serde::Deserialize;
use serde_json::{Value, json};

/// A request to the API.
#[derive(Clone, Debug, Default)]
pub(super) struct Call<'a> {
    /// `GET` or `POST`.
    pub(super) method: &'a str,
    /// The path's segments behind `/api`.
    pub(super) path: Vec<&'a str>,
    /// The parameters.
    pub(super) query: Vec<(String, String)>,
    /// The header `Idempotency-Key`.
    pub(super) idempotency_key: Option<String>,
    /// The body, if it is JSON.
    pub(super) body: Option<Value>,
}

/// A status and a body.
pub(super) type Reply = (u16, Value);

#[derive(Clone, Debug)]
struct Customer {
    id: &'static str,
    email: &'static str,
}

/// An order. Amounts are whole numbers of the currency's smallest unit.
#[derive(Clone, Debug)]
pub(super) struct Order {
    /// Its number.
    pub(super) id: &'static str,
    /// How far it is.
    pub(super) status: &'static str,
    customer: Customer,
    currency: &'static str,
    paid: i64,
    refunded: i64,
    /// What was bought.
    pub(super) items: &'static [(&'static str, u32)],
    /// The notes, each with its id and its reference.
    pub(super) notes: Vec<Note>,
}

/// A note on an order.
#[derive(Clone, Debug)]
pub(super) struct Note {
    id: String,
    /// What it says.
    pub(super) text: String,
    reference: Option<String>,
}

/// A refund.
#[derive(Clone, Debug)]
pub(super) struct Refund {
    /// Its id.
    pub(super) id: String,
    /// The order's number.
    pub(super) order: &'static str,
    amount: i64,
    currency: &'static str,
    /// Why.
    pub(super) reason: Option<String>,
    reference: Option<String>,
}

/// An amount with its currency, for people.
fn words(amount: i64, currency: &str) -> String {
    let money = currency.parse().ok().and_then(|currency| Money::new(amount, currency));
    money.map_or_else(|| format!("0 {currency}"), |money| format!("{} {currency}", money.to_decimal()))
}

impl Order {
    /// What was paid, for people.
    pub(super) fn paid_in_words(&self) -> String {
        words(self.paid, self.currency)
    }

    /// What was paid back, for people.
    pub(super) fn refunded_in_words(&self) -> String {
        words(self.refunded, self.currency)
    }

    /// Who bought it.
    pub(super) const fn email(&self) -> &'static str {
        self.customer.email
    }

    fn to_json(&self) -> Value {
        let items: Vec<Value> = self
            .items
            .iter()
            .map(|(title, quantity)| json!({"title": title, "quantity": quantity}))
            .collect();
        json!({
            "id": self.id, "status": self.status, "customer": self.customer.to_json(), "currency": self.currency,
            "paid": self.paid, "refunded": self.refunded, "items": items,
        })
    }
}

impl Customer {
    fn to_json(&self) -> Value {
        json!({"id": self.id, "email": self.email})
    }
}

impl Note {
    fn to_json(&self) -> Value {
        json!({"id": self.id, "text": self.text, "reference": self.reference})
    }
}

impl Refund {
    /// The amount, for people.
    pub(super) fn in_words(&self) -> String {
        words(self.amount, self.currency)
    }

    fn to_json(&self) -> Value {
        json!({
            "id": self.id, "order": self.order, "amount": self.amount, "currency": self.currency,
            "reason": self.reason, "status": "succeeded", "reference": self.reference,
        })
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewNote {
    text: String,
    reference: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewRefund {
    order: String,
    amount: i64,
    currency: String,
    reason: Option<String>,
    reference: Option<String>,
}

/// The shop's books.
#[derive(Debug)]
pub(super) struct Shop {
    /// The orders.
    pub(super) orders: Vec<Order>,
    /// The refunds, oldest first.
    pub(super) refunds: Vec<Refund>,
    /// What was answered under each `Idempotency-Key`, with what was asked.
    answered: HashMap<String, (String, Reply)>,
}

impl Default for Shop {
    fn default() -> Self {
        let first = Customer { id: "cus_1", email: "first@customers.example" };
        let second = Customer { id: "cus_2", email: "second@customers.example" };
        let order = |id, status, customer: &Customer, currency, paid, items| Order {
            id,
            status,
            customer: customer.clone(),
            currency,
            paid,
            refunded: 0,
            items,
            notes: Vec::new(),
        };
        Self {
            orders: vec![
                order("1001", "delivered", &first, "EUR", 4_800, &[("Teapot", 1), ("Cup", 2)]),
                order("1002", "shipped", &first, "EUR", 12_900, &[("Kettle", 1)]),
                order("1003", "shipped", &second, "JPY", 6_000, &[("Green tea", 3)]),
            ],
            refunds: Vec::new(),
            answered: HashMap::new(),
        }
    }
}

fn refusal(status: u16, code: &str, message: impl Into<String>) -> Reply {
    (status, json!({"error": {"code": code, "message": message.into()}}))
}

fn invalid(message: impl Into<String>) -> Reply {
    refusal(400, "invalid", message)
}

impl Shop {
    /// Answers a request of an app that was granted `scopes`.
    pub(super) fn answer(&mut self, call: &Call<'_>, scopes: &[String]) -> Reply {
        let needed = match (call.method, call.path.as_slice()) {
            ("POST", ["refunds"]) => "refunds:write",
            ("POST", _) => "orders:write",
            _ => "orders:read",
        };
        if !scopes.iter().any(|scope| scope == needed) {
            return refusal(403, "insufficient_scope", format!("This needs the scope {needed}"));
        }
        match (call.method, call.path.as_slice()) {
            ("GET", _) => self.read(call).unwrap_or_else(|refused| refused),
            ("POST", ["refunds"] | ["orders", _, "notes"]) => self.write_once(call),
            ("POST", _) => refusal(404, "not_found", "There is nothing at this address"),
            _ => refusal(405, "method_not_allowed", "The API takes GET and POST"),
        }
    }

    fn read(&self, call: &Call<'_>) -> Result<Reply, Reply> {
        let taken: &[&str] = match call.path.as_slice() {
            ["orders"] => &["email"],
            ["refunds"] => &["order"],
            _ => &[],
        };
        if let Some((name, _)) = call.query.iter().find(|(name, _)| !taken.contains(&name.as_str())) {
            return Err(invalid(format!("There is no parameter {name}")));
        }
        let value = |name: &str| match call.query.as_slice() {
            [(_, value)] => Ok(value.as_str()),
            [] => Err(invalid(format!("The parameter {name} is missing"))),
            _ => Err(invalid(format!("The parameter {name} is given twice"))),
        };
        let body = match call.path.as_slice() {
            ["me"] => json!({"id": "shop_1", "name": "Sandbox Shop"}),
            ["orders"] => {
                let email = value("email")?;
                let of = self.orders.iter().filter(|order| order.email().eq_ignore_ascii_case(email));
                json!({"orders": of.map(Order::to_json).collect::<Vec<_>>()})
            }
            ["orders", id] => self.order(id)?.to_json(),
            ["orders", id, "notes"] => {
                json!({"notes": self.order(id)?.notes.iter().map(Note::to_json).collect::<Vec<_>>()})
            }
            ["customers", id] => {
                let found = self.orders.iter().map(|order| &order.customer).find(|one| one.id == *id);
                found
                    .ok_or_else(|| refusal(404, "customer_not_found", "There is no such customer"))?
                    .to_json()
            }
            ["refunds"] => {
                let id = self.order(value("order")?)?.id;
                let of = self.refunds.iter().filter(|refund| refund.order == id);
                json!({"refunds": of.map(Refund::to_json).collect::<Vec<_>>()})
            }
            _ => return Err(refusal(404, "not_found", "There is nothing at this address")),
        };
        Ok((200, body))
    }

    fn order(&self, id: &str) -> Result<&Order, Reply> {
        self.orders.iter().find(|order| order.id == id).ok_or_else(|| no_order(id))
    }

    /// Does what is asked for once, however often it is asked for under one key.
    fn write_once(&mut self, call: &Call<'_>) -> Reply {
        let Some(key) = call.idempotency_key.clone().filter(|key| !key.is_empty()) else {
            return invalid("The header Idempotency-Key is missing");
        };
        let Some(body) = &call.body else { return invalid("The body must be a JSON object") };
        let asked = format!("{} {body}", call.path.join("/"));
        match self.answered.get(&key) {
            Some((before, reply)) if *before == asked => return reply.clone(),
            Some(_) => {
                return refusal(409, "idempotency_mismatch", "This key was used for another request");
            }
            None => {}
        }
        let reply = match call.path.as_slice() {
            ["orders", order, "notes"] => self.add_note(order, body),
            _ => self.refund(body),
        };
        let reply = reply.unwrap_or_else(|refused| refused);
        self.answered.insert(key, (asked, reply.clone()));
        reply
    }

    fn add_note(&mut self, order: &str, body: &Value) -> Result<Reply, Reply> {
        let NewNote { text, reference } =
            NewNote::deserialize(body).map_err(|error| invalid(error.to_string()))?;
        if text.trim().is_empty() {
            return Err(refusal(422, "invalid", "text must not be empty"));
        }
        let number = self.orders.iter().map(|order| order.notes.len()).sum::<usize>() + 1;
        let order = self.orders.iter_mut().find(|one| one.id == order).ok_or_else(|| no_order(order))?;
        let note = Note { id: format!("note_{number}"), text, reference };
        let reply = note.to_json();
        order.notes.push(note);
        Ok((201, reply))
    }

    fn refund(&mut self, body: &Value) -> Result<Reply, Reply> {
        let new = NewRefund::deserialize(body).map_err(|error| invalid(error.to_string()))?;
        let order = self.orders.iter_mut().find(|order| order.id == new.order);
        let order = order.ok_or_else(|| no_order(&new.order))?;
        if new.currency != order.currency {
            let message = format!("The order was paid in {}", order.currency);
            return Err(refusal(422, "wrong_currency", message));
        }
        let left = order.paid - order.refunded;
        if new.amount < 1 {
            return Err(refusal(422, "invalid_amount", "amount must be at least 1"));
        }
        if new.amount > left {
            let message = format!("Only {} of the order are left", words(left, order.currency));
            return Err(refusal(422, "amount_too_large", message));
        }
        order.refunded += new.amount;
        let refund = Refund {
            id: format!("ref_{}", self.refunds.len() + 1),
            order: order.id,
            amount: new.amount,
            currency: order.currency,
            reason: new.reason,
            reference: new.reference,
        };
        let reply = refund.to_json();
        self.refunds.push(refund);
        Ok((201, reply))
    }
}

fn no_order(id: &str) -> Reply {
    refusal(404, "order_not_found", format!("There is no order {id}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<String> {
        super::super::grants::SCOPES.map(str::to_owned).to_vec()
    }

    fn get(shop: &mut Shop, path: &[&str], query: &[(&str, &str)]) -> Reply {
        let query = query.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        shop.answer(&Call { method: "GET", path: path.to_vec(), query, ..Call::default() }, &all())
    }

    fn refund(shop: &mut Shop, key: &str, changes: Value) -> Reply {
        let mut body = json!({"order": "1001", "amount": 500, "currency": "EUR"});
        for (name, value) in changes.as_object().unwrap() {
            body[name] = value.clone();
        }
        let call = Call {
            method: "POST",
            path: vec!["refunds"],
            idempotency_key: Some(key.to_owned()),
            body: Some(body),
            ..Call::default()
        };
        shop.answer(&call, &all())
    }

    fn code(reply: &Reply) -> (u16, &str) {
        (reply.0, reply.1["error"]["code"].as_str().unwrap_or_default())
    }

    #[test]
    fn orders_are_found_by_number_and_by_customer() {
        let shop = &mut Shop::default();
        assert_eq!(get(shop, &["orders", "1001"], &[]).1["paid"], 4800);
        let of_second = get(shop, &["orders"], &[("email", "Second@customers.example")]);
        assert_eq!(of_second.1["orders"][0]["currency"], "JPY");
        assert_eq!(get(shop, &["customers", "cus_1"], &[]).1["email"], "first@customers.example");
        assert_eq!(code(&get(shop, &["orders", "1009"], &[])), (404, "order_not_found"));
        for query in [&[][..], &[("mail", "x")], &[("email", "x"), ("email", "y")]] {
            assert_eq!(code(&get(shop, &["orders"], query)), (400, "invalid"), "{query:?}");
        }
        assert_eq!(code(&get(shop, &["secrets"], &[])), (404, "not_found"));
    }

    #[test]
    fn no_more_is_paid_back_than_is_left_and_each_key_pays_once() {
        let shop = &mut Shop::default();
        let first = refund(shop, "a", json!({}));
        assert_eq!((first.0, &first.1["status"]), (201, &json!("succeeded")));
        assert_eq!(refund(shop, "a", json!({})), first);
        assert_eq!(shop.refunds.len(), 1, "the same key");
        assert_eq!(code(&refund(shop, "a", json!({"amount": 501}))), (409, "idempotency_mismatch"));
        for (changes, expected) in [
            (json!({"amount": 4301}), (422, "amount_too_large")),
            (json!({"amount": 0}), (422, "invalid_amount")),
            (json!({"amount": -5}), (422, "invalid_amount")),
            (json!({"amount": "5"}), (400, "invalid")),
            (json!({"amount": 5.5}), (400, "invalid")),
            (json!({"currency": "JPY"}), (422, "wrong_currency")),
            (json!({"order": "1009"}), (404, "order_not_found")),
            (json!({"amount_cents": 5}), (400, "invalid")),
        ] {
            assert_eq!(code(&refund(shop, &changes.to_string(), changes.clone())), expected, "{changes}");
        }
        assert_eq!(code(&refund(shop, "", json!({}))), (400, "invalid"));
        assert_eq!(refund(shop, "b", json!({"amount": 4300})).0, 201, "all that is left");
        assert_eq!(shop.orders[0].refunded_in_words(), "48.00 EUR");
        assert_eq!(get(shop, &["refunds"], &[("order", "1001")]).1["refunds"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn nobody_does_more_than_was_granted() {
        let shop = &mut Shop::default();
        let read = ["orders:read".to_owned()];
        for path in [vec!["refunds"], vec!["orders", "1001", "notes"]] {
            let call = Call { method: "POST", path, ..Call::default() };
            assert_eq!(code(&shop.answer(&call, &read)), (403, "insufficient_scope"));
        }
    }
}
