//! The payments that were made by actions.

use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

/// All payments.
#[derive(Debug, Default)]
pub struct Payments(Mutex<Vec<Payment>>);

/// A payment that was made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Whom it was paid to.
    pub account: String,
    /// In cents.
    pub amount: u64,
    /// What it was made with: the run.
    pub reference: String,
}

impl Payments {
    /// All of them, the first one first.
    pub fn all(&self) -> Vec<Payment> {
        self.lock().clone()
    }

    /// Makes the payment that a body asks for.
    pub(super) fn pay(&self, body: &[u8]) -> Value {
        let body: Value = serde_json::from_slice(body).unwrap_or_default();
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        let amount = body["amount"].as_u64().unwrap_or_default();
        let mut payments = self.lock();
        payments.push(Payment { account: text("account"), amount, reference: text("reference") });
        json!({"id": format!("p{}", payments.len()), "status": "paid"})
    }

    /// What is shown of the payments to an account.
    pub(super) fn to(&self, account: &str) -> Value {
        let payments = self.lock();
        let to_account = payments.iter().enumerate().filter(|(_, payment)| payment.account == account);
        let shown = to_account.map(|(place, payment)| {
            json!({"id": format!("p{}", place + 1), "status": "paid", "reference": payment.reference})
        });
        json!({"payments": shown.collect::<Vec<_>>()})
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Payment>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
