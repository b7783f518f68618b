//! Measures leasing due integrations, at ten thousand integrations and at many more.
#![expect(clippy::print_stderr, reason = "shows progress")]

use anyhow::Result;

use super::databases::{create_database, drop_databases, execute};
use super::equipment::Bench;
use super::report::{Bound, Line};
use super::rounds::{Task, alternate};
use super::yardstick::{CLAIMED_PROVIDER, Length, Script};

const FEW: usize = 10_000;
const SMALL: &str = "riq_monitors_few";
const LARGE: &str = "riq_monitors_many";

/// Fills two databases and leases from both in turn, with the server's own statements.
///
/// # Errors
/// When a database cannot be filled, or a statement fails.
pub(super) fn measure(bench: &Bench<'_>, monitors: usize, lines: &mut Vec<Line>) -> Result<()> {
    eprintln!("Claiming what is due");
    for (name, count) in [(SMALL, FEW), (LARGE, monitors)] {
        create_database(&bench.postgres, &bench.build, name)?;
        execute(&bench.postgres, name, &fill(count))?;
        execute(&bench.postgres, name, "VACUUM (ANALYZE) monitors")?;
        // Waiting for the disk takes the same time for both, and would hide the difference.
        let statement = format!("ALTER DATABASE {name} SET synchronous_commit = off");
        execute(&bench.postgres, "postgres", &statement)?;
    }
    let script = Script::claim(bench.directory)?;
    let claim = |database: &'static str| {
        let script = &script;
        move |seconds| {
            // In production autovacuum does this. Dead entries of leased rows accumulate at the front of the index.
            execute(&bench.postgres, database, "VACUUM monitors")?;
            script.run(&bench.postgres, database, Length::Seconds(seconds))
        }
    };
    let tasks = [Task::new("few", claim(SMALL)), Task::new("many", claim(LARGE))];
    let medians = alternate(&tasks, bench.plan)?;
    lines.push(Line {
        what: format!("claiming what is due, its time at {monitors} integrations / at {FEW}"),
        round: Some(medians.get("many")?),
        beside: Some((format!("at {FEW} integrations"), medians.get("few")?.per_second)),
        measured: medians.ratio("few", "many")?,
        unit: "",
        bound: Some(Bound::Below(1.5)),
    });
    drop_databases(&bench.postgres, &[SMALL, LARGE])
}

/// Fills only `monitors`, because leasing reads no other table. The foreign key to integrations is not checked
/// meanwhile.
fn fill(count: usize) -> String {
    format!(
        "SET session_replication_role = replica; \
         INSERT INTO monitors (integration_id, provider, due_at, probe_at, failures, lease_count) \
         SELECT 'int_' || lpad((n * 7919::bigint % {count})::text, 26, '0'), '{CLAIMED_PROVIDER}', at, at, 0, 0 \
         FROM (SELECT n, now() - interval '1 hour' * n / {count} AS at FROM generate_series(0, {count} - 1) n) AS due"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_is_another() {
        // 7919 is a prime that does not divide the counts, so all numbers are different.
        for count in [FEW, 50_000, 1_000_000] {
            assert_ne!(count % 7919, 0);
        }
        assert!(fill(FEW).contains("7919::bigint % 10000"));
    }
}
