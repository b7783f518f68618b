//! Judges the result of a soak.

use std::time::Duration;

use anyhow::{Context, Result};
use riq_server::environment::Environment;
use riq_server::vault::{Destination, Purpose, Vault};
use secrecy::ExposeSecret as _;
use serde_json::Value;

use super::visits::Answers;
use crate::bench::databases::execute;
use crate::bench::fill::project_id;
use crate::judgement::{Judgement, Line};
use crate::server::ENCRYPTION_KEYS;
use riq_testing::postgres::Postgres;
use riq_testing::providers::strict::{Counts, FamilyState, generation_of};

/// The soak's database.
pub(super) const DATABASE: &str = "riq_soak";

/// The end of the error message of an integration whose refresh token was sent and whose answer was not stored.
const INTERRUPTED: &str = "was interrupted: connect it again";

/// An integration as it is stored at the end.
#[derive(Clone, Debug)]
pub(super) struct Row {
    status: String,
    message: String,
    /// Whether a refresh was begun and its answer was not stored.
    is_begun: bool,
    /// The generation of the stored refresh token.
    generation: usize,
}

/// Everything that was observed.
pub(super) struct Observed {
    pub(super) counts: Counts,
    /// The state of each family at the provider, in the order of `rows`.
    pub(super) states: Vec<FamilyState>,
    pub(super) rows: Vec<Row>,
    pub(super) interval: Duration,
    /// The number of refreshes in the audit log.
    pub(super) refreshed_events: u64,
    pub(super) kills: usize,
    pub(super) takeovers: usize,
    /// The most memory that a replica took, in bytes.
    pub(super) memory: u64,
    pub(super) visits: Answers,
}

/// Whether the stored tokens of an integration agree with the provider's.
#[derive(Clone, Debug, PartialEq, Eq)]
enum TokenState {
    /// The newest tokens are stored.
    Well,
    /// A refresh was interrupted after the provider had exchanged the token: the newest tokens are lost.
    Lost,
    /// A refresh was interrupted before the token reached the provider.
    Unsent,
    /// A state that must not happen.
    Wrong(String),
}

impl Observed {
    /// Judges the observations.
    pub(super) fn judge(&self) -> Judgement {
        let token_states: Vec<TokenState> =
            self.rows.iter().zip(&self.states).map(|(row, state)| row.token_state(state)).collect();
        let number_of =
            |wanted: &TokenState| token_states.iter().filter(|token_state| *token_state == wanted).count();
        let wrong = token_states.iter().enumerate().filter_map(|(family, token_state)| match token_state {
            TokenState::Wrong(what) => Some(format!("family {family}: {what}")),
            _ => None,
        });
        let wrong: Vec<String> = wrong.collect();
        let (lost, unsent) = (number_of(&TokenState::Lost), number_of(&TokenState::Unsent));
        let gap = self.longest_gap(&token_states);
        let (stored, refreshes) = (self.refreshed_events, self.counts.refreshes);
        let counts = &self.counts;
        let lines = vec![
            Line::checked("double refreshes", counts.double_refreshes, counts.double_refreshes == 0),
            Line::checked("refreshes", refreshes, refreshes > 0),
            Line::checked("refreshes in the audit log", stored, stored + lost as u64 == refreshes),
            Line::checked(
                "refreshes with a dead token",
                counts.refused_refreshes.to_string(),
                counts.refused_refreshes == 0,
            ),
            Line::checked("probes", counts.probes, counts.probes > 0),
            Line::told("probes that were refused", counts.refused_probes),
            Line::checked(
                "longest time without a probe",
                format!("{:.1} s", gap.as_secs_f64()),
                gap <= self.interval * 2,
            ),
            Line::told("replicas killed", self.kills),
            Line::told("leases taken over", self.takeovers),
            Line::checked("interrupted, new tokens lost", lost, lost == 0 || self.kills > 0),
            Line::checked("interrupted, not sent", unsent, unsent == 0 || self.kills > 0),
            Line::checked("in a wrong state", wrong.len(), wrong.is_empty()),
            Line::told("most memory of a replica", format!("{:.0} MB", self.memory as f64 / 1e6)),
            Line::told("requests of clients", self.visits.answered()),
            Line::checked(
                "of these asked to try again",
                self.visits.put_off().to_string(),
                self.visits.put_off() * 100 <= self.visits.answered(),
            ),
            Line::told("cut off by a kill", self.visits.cut_off),
            Line::checked("answered wrongly", self.visits.faults.len(), self.visits.faults.is_empty()),
        ];
        let first_few = |faults: &[String]| faults.iter().take(10).cloned().collect::<Vec<_>>();
        Judgement { lines, faults: [first_few(&wrong), first_few(&self.visits.faults)].concat() }
    }

    /// The longest time without a probe, among the integrations that should have been probed all the time.
    fn longest_gap(&self, token_states: &[TokenState]) -> Duration {
        let well = token_states
            .iter()
            .zip(&self.states)
            .filter(|(token_state, _)| **token_state == TokenState::Well);
        well.map(|(_, state)| state.longest_gap).max().unwrap_or_default()
    }
}

impl Row {
    fn token_state(&self, state: &FamilyState) -> TokenState {
        let (stored, newest) = (self.generation, state.generation);
        let is_interrupted = match self.status.as_str() {
            "error" => self.message.ends_with(INTERRUPTED),
            _ => self.is_begun,
        };
        if state.revoked {
            TokenState::Wrong("its refresh token was used twice".to_owned())
        } else if is_interrupted && stored + 1 == newest {
            TokenState::Lost
        } else if is_interrupted && stored == newest {
            TokenState::Unsent
        } else if stored != newest {
            TokenState::Wrong(format!("{} with tokens {stored} where {newest} are the newest", self.status))
        } else if self.status != "active" {
            TokenState::Wrong(format!("{}: {}", self.status, self.message))
        } else {
            TokenState::Well
        }
    }
}

/// Reads every integration, in the order of its project's number, and decrypts its credential.
///
/// # Errors
/// When an integration is missing, or a credential cannot be decrypted.
pub(super) fn rows(postgres: &Postgres, count: usize) -> Result<Vec<Row>> {
    const ROWS: &str = "SELECT json_build_array(i.project_id, i.id, i.provider, i.connection, i.status, \
                        COALESCE(i.error_message, ''), m.refresh_begun_by IS NOT NULL, encode(c.sealed, 'hex')) \
                        FROM integrations i JOIN credentials c ON c.integration_id = i.id \
                        LEFT JOIN monitors m ON m.integration_id = i.id ORDER BY i.project_id";
    type Stored = (String, String, String, String, String, String, bool, String);

    let vault = Vault::new(ENCRYPTION_KEYS.parse()?, Environment::system());
    let text = execute(postgres, DATABASE, ROWS)?;
    let read = |(number, line): (usize, &str)| -> Result<Row> {
        let (project, id, provider, connection, status, message, is_begun, sealed): Stored =
            serde_json::from_str(line)?;
        anyhow::ensure!(project == project_id(number), "project {number} has no integration");
        let to = Destination {
            integration: id.parse()?,
            project: project.parse()?,
            provider: &provider,
            connection: &connection,
        };
        let opened = vault.open(&from_hex(&sealed)?, Purpose::Credential(to))?;
        let credential: Value = serde_json::from_slice(opened.expose_secret())?;
        let token = credential["refresh_token"].as_str().and_then(generation_of);
        let generation = token.context("a credential has no refresh token of the provider")?;
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
        assert_eq!(row("active", "", false, 3).token_state(&state(3, false, 1)), TokenState::Well);
        assert_eq!(row("error", MESSAGE, false, 3).token_state(&state(4, false, 1)), TokenState::Lost);
        assert_eq!(row("active", "", true, 3).token_state(&state(4, false, 1)), TokenState::Lost);
        assert_eq!(row("error", MESSAGE, false, 3).token_state(&state(3, false, 1)), TokenState::Unsent);
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
            assert!(matches!(row.token_state(&state), TokenState::Wrong(_)), "{row:?}");
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
        assert!(!seen.judge().is_good(), "a refresh is missing in the audit log");
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
