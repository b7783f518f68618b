//! Judges the calls of a soak: what the runs say is what the provider knows, whatever was killed.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::calls::{Called, PAY_LIMIT};
use super::judge::DATABASE;
use crate::bench::databases::execute;
use crate::judgement::{Judgement, Line};
use riq_testing::postgres::Postgres;
use riq_testing::providers::strict::Payment;

/// A run of a payment as it is stored.
#[derive(Clone, Debug)]
struct Run {
    id: String,
    status: String,
    /// Whether a person is asked before each payment of its project.
    asks: bool,
    is_approved: bool,
    /// Whether its integration is active, so that its end could be looked for.
    is_active: bool,
}

/// Everything that was observed of the calls.
pub(super) struct Runs {
    runs: Vec<Run>,
    payments: Vec<Payment>,
    called: Called,
    /// Each status that the audit log has of each run.
    told: HashMap<String, Vec<String>>,
}

/// Lets the time of runs pass that a killed replica has left, until each has its end. Nobody calls any more, and nobody
/// was killed for longer than a call takes. A reading that was cut off has none, as nobody looks for it.
///
/// # Errors
/// When the database cannot be asked.
pub(super) fn settle(postgres: &Postgres) -> Result<()> {
    const LEASES: &str = "UPDATE action_runs SET look_at = now() - interval '1 minute' \
                          WHERE status = 'unknown' AND look_at IS NOT NULL";
    const AGE: &str = "UPDATE action_runs SET sending_until = now() - interval '10 minutes' WHERE status = 'sending'; \
         UPDATE action_runs SET finished_at = now() - interval '10 minutes', look_at = now() - interval '1 minute' \
         WHERE status = 'unknown' AND finished_at > now() - interval '10 minutes'; \
         UPDATE action_runs SET look_at = now() - interval '1 minute' \
         WHERE status = 'unknown' AND look_at > now() + interval '5 minutes'";
    const OPEN: &str = "SELECT count(*) FROM action_runs r JOIN integrations i ON i.id = r.integration_id \
                        WHERE i.status = 'active' AND r.status IN ('sending', 'unknown') AND r.action = 'pay'";
    const PATIENCE: Duration = Duration::from_secs(60);

    let began = Instant::now();
    execute(postgres, DATABASE, LEASES)?;
    while began.elapsed() < PATIENCE {
        execute(postgres, DATABASE, AGE)?;
        std::thread::sleep(Duration::from_secs(1));
        if execute(postgres, DATABASE, OPEN)?.trim() == "0" {
            break;
        }
    }
    Ok(())
}

impl Runs {
    /// Reads every run of a payment.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub(super) fn read(postgres: &Postgres, payments: Vec<Payment>, called: Called) -> Result<Self> {
        const RUNS: &str = "SELECT json_build_array(r.id, r.status, i.action_permissions LIKE '%\"pay\":\"ask\"%', \
             EXISTS (SELECT 1 FROM approvals a WHERE a.run_id = r.id AND a.status = 'approved'), \
             i.status = 'active') \
             FROM action_runs r JOIN integrations i ON i.id = r.integration_id WHERE r.action = 'pay'";
        const EVENTS: &str = "SELECT changes FROM audit_events WHERE action IN ('integration.action.executed', \
             'integration.action.denied', 'integration.action.expired')";

        let mut runs = Vec::new();
        for line in execute(postgres, DATABASE, RUNS)?.lines() {
            let (id, status, asks, is_approved, is_active) = serde_json::from_str(line)?;
            runs.push(Run { id, status, asks, is_approved, is_active });
        }
        let mut told: HashMap<String, Vec<String>> = HashMap::new();
        for line in execute(postgres, DATABASE, EVENTS)?.lines() {
            let changes: Vec<Value> = serde_json::from_str(line)?;
            let to = |path: &str| {
                let change = changes.iter().find(|change| change["path"] == path);
                change.and_then(|change| change["to"].as_str()).unwrap_or_default().to_owned()
            };
            told.entry(to("run")).or_default().push(to("status"));
        }
        Ok(Self { runs, payments, called, told })
    }

    /// Judges them.
    pub(super) fn judge(&self) -> Judgement {
        let made: HashSet<&str> = self.payments.iter().map(|payment| payment.reference.as_str()).collect();
        let twice = self.payments.len() - made.len();
        let ids: HashSet<&str> = self.runs.iter().map(|run| run.id.as_str()).collect();
        let unrecorded = made.difference(&ids).count();
        let over = self.paid().into_values().filter(|amount| *amount > PAY_LIMIT).count();
        let is_made = |run: &Run| made.contains(run.id.as_str());
        let lies = self.which(|run| match run.status.as_str() {
            "succeeded" => !is_made(run),
            "sending" | "unknown" => self.called.done.contains(&run.id),
            _ => is_made(run) || self.called.done.contains(&run.id),
        });
        let open = |run: &Run| matches!(run.status.as_str(), "sending" | "unknown");
        let endless = self.which(|run| run.is_active && open(run));
        let unapproved = self.which(|run| run.asks && is_made(run) && !run.is_approved);
        let untold =
            self.which(|run| run.status != "pending_approval" && !open(run) && self.told_of(run) != 1);
        let number = |status: &str| self.which(|run| run.status == status).len();
        let were_open = self.told.values().flatten().filter(|status| *status == "unknown").count();
        let answers = &self.called.answers;
        let none = |what, found: &[String]| Line::checked(what, found.len(), found.is_empty());
        let lines = vec![
            Line::checked("calls of actions", answers.answered(), answers.answered() > 0),
            Line::told("calls cut off by a kill", answers.cut_off),
            Line::checked("payments", self.payments.len(), !self.payments.is_empty()),
            Line::checked("payments made twice", twice, twice == 0),
            Line::checked("payments without a run", unrecorded, unrecorded == 0),
            Line::checked("accounts over their limit", over, over == 0),
            none("payments that nobody approved", &unapproved),
            Line::told("payments denied", number("denied")),
            Line::told("payments that wait for a person", number("pending_approval")),
            Line::told("ends that were found out later", were_open),
            Line::told("ends that nobody can look for", self.which(|run| !run.is_active && open(run)).len()),
            none("runs without an end", &endless),
            none("runs whose end is not true", &lies),
            none("ends that are not in the audit log once", &untold),
            Line::checked("calls answered wrongly", answers.faults.len(), answers.faults.is_empty()),
        ];
        let found = [("is not true", lies), ("has no end", endless), ("was not approved", unapproved)];
        let found = found.into_iter().chain([("is not in the audit log once", untold)]);
        let words = found.flat_map(|(what, runs)| runs.into_iter().map(move |run| format!("{run} {what}")));
        let faults = words.take(10).chain(answers.faults.iter().take(10).cloned()).collect();
        Judgement { lines, faults }
    }

    /// What was paid to each account.
    fn paid(&self) -> HashMap<&str, u64> {
        let mut paid = HashMap::new();
        for payment in &self.payments {
            *paid.entry(payment.account.as_str()).or_default() += payment.amount;
        }
        paid
    }

    /// The ids of the runs that are so, with their statuses.
    fn which(&self, is_so: impl Fn(&Run) -> bool) -> Vec<String> {
        let found = self.runs.iter().filter(|run| is_so(run));
        found.map(|run| format!("{} ({})", run.id, run.status)).collect()
    }

    /// How often the audit log has the end of a run.
    fn told_of(&self, run: &Run) -> usize {
        let told = self.told.get(&run.id).into_iter().flatten();
        told.filter(|status| **status == run.status).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(id: &str, status: &str) -> Run {
        Run { id: id.into(), status: status.into(), asks: false, is_approved: false, is_active: true }
    }

    fn payment(reference: &str, amount: u64) -> Payment {
        Payment { account: "a".into(), amount, reference: reference.into() }
    }

    fn observed(runs: Vec<Run>, payments: Vec<Payment>) -> Runs {
        let told = runs.iter().map(|run| (run.id.clone(), vec![run.status.clone()])).collect();
        let mut called = Called::default();
        called.answers.statuses.insert(200, 1);
        Runs { runs, payments, called, told }
    }

    #[test]
    fn what_the_provider_knows_is_true() {
        let approved = Run { asks: true, is_approved: true, ..run("r3", "succeeded") };
        let runs = vec![run("r1", "succeeded"), run("r2", "denied"), approved, run("r4", "failed")];
        let judgement = observed(runs, vec![payment("r1", 600), payment("r3", 400)]).judge();
        assert!(judgement.is_good(), "{}", judgement.table());
    }

    #[test]
    fn every_fault_is_found() {
        let asked = |status| Run { asks: true, ..run("r1", status) };
        let good = || payment("r2", 1);
        for (faulty, payments) in [
            (run("r1", "succeeded"), vec![good()]),
            (run("r1", "failed"), vec![good(), payment("r1", 1)]),
            (run("r1", "unknown"), vec![good()]),
            (run("r1", "sending"), vec![good(), payment("r1", 1)]),
            (run("r1", "succeeded"), vec![good(), payment("r1", 1), payment("r1", 1)]),
            (run("r1", "succeeded"), vec![good(), payment("r1", PAY_LIMIT)]),
            (run("r1", "denied"), vec![good(), payment("r3", 1)]),
            (asked("succeeded"), vec![good(), payment("r1", 1)]),
        ] {
            let told = format!("{faulty:?} {payments:?}");
            let judgement = observed(vec![faulty, run("r2", "succeeded")], payments).judge();
            assert!(!judgement.is_good(), "{told}");
        }
        let mut untold = observed(vec![run("r1", "succeeded")], vec![payment("r1", 1)]);
        untold.told.clear();
        assert!(!untold.judge().is_good());
        let mut lied = observed(vec![run("r1", "failed"), run("r2", "succeeded")], vec![good()]);
        lied.called.done.insert("r1".into());
        assert!(!lied.judge().is_good());
    }
}
