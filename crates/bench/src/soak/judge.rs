//! What came out, and whether it is as it is to be.

use std::time::Duration;

use anyhow::{Context, Result};
use integrations_core::ids::IntegrationId;
use riq_server::environment::Environment;
use riq_server::vault::{Purpose, Vault};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::visits::Answers;
use crate::bench::databases::execute;
use crate::bench::fill::project_id;
use crate::server::ENCRYPTION_KEYS;
use riq_testing::postgres::Postgres;
use riq_testing::providers::strict::{Counts, FamilyState, generation_of};

/// The database that is judged.
pub(super) const DATABASE: &str = "riq_soak";

/// What the message of an integration says whose refresh token was sent, and of which no answer was stored.
const INTERRUPTED: &str = "was interrupted: connect it again";

/// An integration as it is stored in the end.
#[derive(Clone, Debug)]
pub(super) struct Row {
    status: String,
    message: String,
    /// Whether it is stored that a refresh token was sent, and no answer to that.
    is_begun: bool,
    /// The generation of the refresh token that is stored.
    generation: usize,
}

/// Everything that was seen.
pub(super) struct Observed {
    pub(super) counts: Counts,
    /// By family, like `rows`.
    pub(super) states: Vec<FamilyState>,
    pub(super) rows: Vec<Row>,
    pub(super) interval: Duration,
    /// How many refreshes are on record.
    pub(super) refreshed_events: u64,
    pub(super) kills: usize,
    pub(super) takeovers: usize,
    /// The most memory that a replica took, in bytes.
    pub(super) memory: u64,
    pub(super) visits: Answers,
}

/// How an integration stands with its provider.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Standing {
    /// It has the newest tokens.
    Well,
    /// A refresh was interrupted after the provider had answered: the newest tokens are nowhere.
    Lost,
    /// A refresh was interrupted before the provider had the token.
    Unsent,
    /// What must not be.
    Wrong(String),
}

/// A line of what is told.
struct Line {
    what: &'static str,
    value: String,
    is_good: bool,
}

/// What is told.
pub(super) struct Judgement {
    lines: Vec<Line>,
    /// What must not have been, in words.
    faults: Vec<String>,
}

impl Judgement {
    /// Whether everything is as it is to be.
    pub(super) fn is_good(&self) -> bool {
        self.lines.iter().all(|line| line.is_good)
    }

    /// A table, and what must not have been.
    pub(super) fn table(&self) -> String {
        let width = self.lines.iter().map(|line| line.what.len()).max().unwrap_or_default();
        let mut text = String::new();
        for Line { what, value, is_good } in &self.lines {
            let verdict = if *is_good { "" } else { "   NOT AS IT IS TO BE" };
            text.push_str(&format!("{what:width$}  {value}{verdict}\n"));
        }
        for fault in &self.faults {
            text.push_str(&format!("  {fault}\n"));
        }
        text
    }
}

impl Observed {
    /// Judges it.
    pub(super) fn judge(&self) -> Judgement {
        let standings: Vec<Standing> =
            self.rows.iter().zip(&self.states).map(|(row, state)| row.standing(state)).collect();
        let number_of = |wanted: &Standing| standings.iter().filter(|standing| *standing == wanted).count();
        let wrong = standings.iter().enumerate().filter_map(|(family, standing)| match standing {
            Standing::Wrong(what) => Some(format!("family {family}: {what}")),
            _ => None,
        });
        let wrong: Vec<String> = wrong.collect();
        let (lost, unsent) = (number_of(&Standing::Lost), number_of(&Standing::Unsent));
        let gap = self.longest_gap(&standings);
        let (stored, refreshes) = (self.refreshed_events, self.counts.refreshes);
        let line = |what, value: String, is_good| Line { what, value, is_good };
        let told = |what, value: String| line(what, value, true);
        let counts = &self.counts;
        let lines = vec![
            line("double refreshes", counts.double_refreshes.to_string(), counts.double_refreshes == 0),
            line("refreshes", refreshes.to_string(), refreshes > 0),
            line("refreshes on record", stored.to_string(), stored + lost as u64 == refreshes),
            line(
                "refreshes with a dead token",
                counts.refused_refreshes.to_string(),
                counts.refused_refreshes == 0,
            ),
            line("probes", counts.probes.to_string(), counts.probes > 0),
            told("probes that were refused", counts.refused_probes.to_string()),
            line(
                "longest time without a probe",
                format!("{:.1} s", gap.as_secs_f64()),
                gap <= self.interval * 2,
            ),
            told("replicas killed", self.kills.to_string()),
            told("leases taken over", self.takeovers.to_string()),
            line("interrupted, new tokens lost", lost.to_string(), lost == 0 || self.kills > 0),
            line("interrupted, not sent", unsent.to_string(), unsent == 0 || self.kills > 0),
            line("anything else than well", wrong.len().to_string(), wrong.is_empty()),
            told("most memory of a replica", format!("{:.0} MB", self.memory as f64 / 1e6)),
            told("requests of clients", self.visits.answered().to_string()),
            line(
                "of these asked to try again",
                self.visits.put_off().to_string(),
                self.visits.put_off() * 100 <= self.visits.answered(),
            ),
            told("cut off by a kill", self.visits.cut_off.to_string()),
            line("answered wrongly", self.visits.faults.len().to_string(), self.visits.faults.is_empty()),
        ];
        let first_few = |faults: &[String]| faults.iter().take(10).cloned().collect::<Vec<_>>();
        Judgement { lines, faults: [first_few(&wrong), first_few(&self.visits.faults)].concat() }
    }

    /// The longest time that one went without a probe, of those that there was no reason not to probe.
    fn longest_gap(&self, standings: &[Standing]) -> Duration {
        let well = standings.iter().zip(&self.states).filter(|(standing, _)| **standing == Standing::Well);
        well.map(|(_, state)| state.longest_gap).max().unwrap_or_default()
    }
}

impl Row {
    fn standing(&self, state: &FamilyState) -> Standing {
        let (stored, newest) = (self.generation, state.generation);
        let is_interrupted = match self.status.as_str() {
            "error" => self.message.ends_with(INTERRUPTED),
            _ => self.is_begun,
        };
        if state.revoked {
            Standing::Wrong("its refresh token was used twice".to_owned())
        } else if is_interrupted && stored + 1 == newest {
            Standing::Lost
        } else if is_interrupted && stored == newest {
            Standing::Unsent
        } else if stored != newest {
            Standing::Wrong(format!("{} with tokens {stored} where {newest} are the newest", self.status))
        } else if self.status != "active" {
            Standing::Wrong(format!("{}: {}", self.status, self.message))
        } else {
            Standing::Well
        }
    }
}

/// Reads every integration, by the number of its project, and opens its credential.
///
/// # Errors
/// When one is missing or does not open.
pub(super) fn rows(postgres: &Postgres, count: usize) -> Result<Vec<Row>> {
    const ROWS: &str = "SELECT json_build_array(i.project_id, i.id, i.status, COALESCE(i.error_message, ''), \
                        m.refresh_begun_by IS NOT NULL, encode(c.sealed, 'hex')) \
                        FROM integrations i JOIN credentials c ON c.integration_id = i.id \
                        LEFT JOIN monitors m ON m.integration_id = i.id ORDER BY i.project_id";

    let vault = Vault::new(ENCRYPTION_KEYS.parse()?, Environment::system());
    let text = execute(postgres, DATABASE, ROWS)?;
    let read = |(number, line): (usize, &str)| -> Result<Row> {
        let (project, id, status, message, is_begun, sealed): (String, String, String, String, bool, String) =
            serde_json::from_str(line)?;
        anyhow::ensure!(project == project_id(number), "project {number} has no integration");
        let id: IntegrationId = id.parse()?;
        let opened = vault.open(&from_hex(&sealed)?, Purpose::Credential(id))?;
        let credential: Value = serde_json::from_slice(opened.expose_secret())?;
        let token = credential["refresh_token"].as_str().and_then(generation_of);
        let generation = token.context("a credential without a refresh token of the provider's")?;
        Ok(Row { status, message, is_begun, generation })
    };
    let rows: Vec<Row> = text.lines().enumerate().map(read).collect::<Result<_>>()?;
    anyhow::ensure!(rows.len() == count, "{} integrations are stored instead of {count}", rows.len());
    Ok(rows)
}

fn from_hex(text: &str) -> Result<Vec<u8>> {
    let pairs = text.as_bytes().chunks(2).map(|pair| Ok(u8::from_str_radix(std::str::from_utf8(pair)?, 16)?));
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(status: &str, message: &str, is_begun: bool, generation: usize) -> Row {
        Row { status: status.into(), message: message.into(), is_begun, generation }
    }

    fn state(generation: usize, revoked: bool, gap: u64) -> FamilyState {
        FamilyState { generation, revoked, longest_gap: Duration::from_secs(gap) }
    }

    fn observed(rows: Vec<Row>, states: Vec<FamilyState>) -> Observed {
        let counts = Counts { refreshes: 5, probes: 9, ..Counts::default() };
        let interval = Duration::from_secs(30);
        let visits = Answers::default();
        Observed {
            counts,
            states,
            rows,
            interval,
            refreshed_events: 5,
            kills: 1,
            takeovers: 1,
            memory: 1,
            visits,
        }
    }

    const MESSAGE: &str = "The renewal of Strict's access token was interrupted: connect it again";

    #[test]
    fn the_newest_tokens_are_well_and_an_interrupted_refresh_is_told() {
        assert_eq!(row("active", "", false, 3).standing(&state(3, false, 1)), Standing::Well);
        assert_eq!(row("error", MESSAGE, false, 3).standing(&state(4, false, 1)), Standing::Lost);
        assert_eq!(row("active", "", true, 3).standing(&state(4, false, 1)), Standing::Lost);
        assert_eq!(row("error", MESSAGE, false, 3).standing(&state(3, false, 1)), Standing::Unsent);
    }

    #[test]
    fn everything_else_is_wrong() {
        for (row, state) in [
            (row("error", "Strict refuses the access", false, 3), state(3, false, 1)),
            (row("active", "", false, 3), state(4, false, 1)),
            (row("error", MESSAGE, false, 2), state(4, false, 1)),
            (row("error", MESSAGE, false, 3), state(4, true, 1)),
            (row("disconnected", "", false, 3), state(3, false, 1)),
        ] {
            assert!(matches!(row.standing(&state), Standing::Wrong(_)), "{row:?}");
            let judgement = observed(vec![row], vec![state]).judge();
            assert!(!judgement.is_good() && judgement.table().contains("family 0"), "{}", judgement.table());
        }
    }

    #[test]
    fn a_gap_counts_where_there_was_no_reason_for_it() {
        let well = row("active", "", false, 1);
        assert!(observed(vec![well.clone()], vec![state(1, false, 60)]).judge().is_good());
        assert!(!observed(vec![well], vec![state(1, false, 61)]).judge().is_good());
        let mut seen = observed(vec![row("error", MESSAGE, false, 0)], vec![state(1, false, 61)]);
        assert!(!seen.judge().is_good(), "a refresh is missing on record");
        seen.refreshed_events = 4;
        assert!(seen.judge().is_good(), "{}", seen.judge().table());
        seen.kills = 0;
        assert!(!seen.judge().is_good(), "nothing was killed that could have been interrupted");
    }

    #[test]
    fn one_client_in_a_hundred_may_be_asked_to_try_again() {
        let mut seen = observed(vec![row("active", "", false, 1)], vec![state(1, false, 1)]);
        seen.visits.statuses = [(200, 198), (503, 2)].into();
        assert!(seen.judge().is_good(), "{}", seen.judge().table());
        seen.visits.statuses.insert(503, 3);
        assert!(!seen.judge().is_good());
    }

    #[test]
    fn hexadecimal_digits_are_read() {
        assert_eq!(from_hex("00ff1a").unwrap(), [0, 255, 26]);
        assert!(from_hex("0g").is_err());
    }
}
