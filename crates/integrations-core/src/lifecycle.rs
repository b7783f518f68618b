//! The lifecycle of an integration: its states, the commands, and the table of transitions.

use crate::words::words;

words! {
    /// The status of an installed integration, as clients see it.
    pub enum Status {
        /// Working.
        Active = "active",
        /// On hold: not used until it is resumed.
        Paused = "paused",
        /// The provider refuses the credential. Only the system sets this status, never a client.
        Error = "error",
        /// Disconnected; its credential is destroyed.
        Disconnected = "disconnected",
    }
}

words! {
    /// An integration's health, from its last probes. It is independent of the status.
    pub enum Health {
        /// The provider answered and accepted the credential.
        Healthy = "healthy",
        /// The provider is slow, limits requests or fails. This says nothing against the credential.
        Degraded = "degraded",
        /// The provider refused the credential.
        Unhealthy = "unhealthy",
        /// Not probed yet, or no longer probed.
        Unknown = "unknown",
    }
}

/// The two statuses that a person chooses between. An integration returns from `error` to the one it had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Chosen {
    /// In use.
    Active,
    /// On hold.
    Paused,
}

/// The state of a provider in a project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// Never installed: there is no integration.
    Available,
    /// Working.
    Active,
    /// On hold.
    Paused,
    /// The provider refuses the credential.
    Error {
        /// The status before the refusal. The integration returns to it when a probe succeeds.
        before: Chosen,
    },
    /// Disconnected.
    Disconnected,
}

impl State {
    /// The status of an integration in this state; `None` if there is no integration.
    pub const fn status(self) -> Option<Status> {
        match self {
            Self::Available => None,
            Self::Active => Some(Status::Active),
            Self::Paused => Some(Status::Paused),
            Self::Error { .. } => Some(Status::Error),
            Self::Disconnected => Some(Status::Disconnected),
        }
    }

    /// The status that an integration in error goes back to.
    pub const fn status_before_error(self) -> Option<Status> {
        match self {
            Self::Error { before: Chosen::Active } => Some(Status::Active),
            Self::Error { before: Chosen::Paused } => Some(Status::Paused),
            Self::Available | Self::Active | Self::Paused | Self::Disconnected => None,
        }
    }

    /// What a person has chosen, whatever came of it since. `None`: there is nothing to use.
    pub const fn chosen(self) -> Option<Chosen> {
        match self {
            Self::Active => Some(Chosen::Active),
            Self::Paused => Some(Chosen::Paused),
            Self::Error { before } => Some(before),
            Self::Available | Self::Disconnected => None,
        }
    }

    /// The state of an integration with this status, which in error goes back to `before_error`; `None` where the two
    /// do not go together.
    pub const fn of(status: Status, before_error: Option<Status>) -> Option<Self> {
        match (status, before_error) {
            (Status::Active, None) => Some(Self::Active),
            (Status::Paused, None) => Some(Self::Paused),
            (Status::Error, Some(Status::Active)) => Some(Self::Error { before: Chosen::Active }),
            (Status::Error, Some(Status::Paused)) => Some(Self::Error { before: Chosen::Paused }),
            (Status::Disconnected, None) => Some(Self::Disconnected),
            _ => None,
        }
    }
}

impl From<Chosen> for State {
    fn from(chosen: Chosen) -> Self {
        match chosen {
            Chosen::Active => Self::Active,
            Chosen::Paused => Self::Paused,
        }
    }
}

/// A command to an integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Command {
    /// An installation finished, and a new credential is stored with it.
    Install,
    /// Put it on hold.
    Pause,
    /// Put it to use. This needs a usable credential. In `error` it is refused: only a probe leads back.
    Activate {
        /// Whether a usable credential is stored.
        credential: Credential,
    },
    /// Disconnect it.
    Disconnect,
    /// The provider refused the credential in a probe.
    ProbeDead,
    /// The provider accepted the credential in a probe.
    ProbeWell,
}

/// Whether an integration has a usable credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Credential {
    /// Stored, and not known to be dead.
    Usable,
    /// Not stored, or known to be dead.
    Missing,
}

/// What a command does to a state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Transition {
    /// The integration gets this state. It can be the same state as before: a reconnection or a probe also changes
    /// other fields.
    Becomes(State),
    /// The integration is in this state already. The command succeeds, and nothing is stored or recorded.
    NoChange,
}

/// Why a command is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The command is not allowed in this state.
    #[error("not allowed from the present status")]
    NotAllowed,
    /// The provider refused the credential. Once a probe succeeds, the integration returns to its status by itself.
    #[error("a probe must succeed first")]
    ProbeRequired,
    /// There is no usable credential any more. It must be installed again.
    #[error("no usable credential: install again")]
    ReinstallRequired,
    /// There is no integration.
    #[error("not installed")]
    NotInstalled,
    /// The command comes from the system and does not apply in this state.
    #[error("does not apply in this state")]
    NotApplicable,
}

/// One cell of the table: what a command does to a state.
#[derive(Clone, Copy)]
enum Cell {
    Active,
    Paused,
    Error,
    Disconnected,
    /// Back to the status before the error.
    Before,
    /// Active if a usable credential is stored; else it must be installed again.
    ActiveWithCredential,
    /// Refused until a probe succeeds if a usable credential is stored; else it must be installed again.
    AfterProbe,
    NoChange,
    Refused(Refusal),
}

/// Every transition of an integration. Rows are states and columns are commands, in the order of [`row`] and
/// [`column`].
#[rustfmt::skip]
const TABLE: [[Cell; 6]; 5] = {
    use Cell::*;
    use Refusal::{NotAllowed, NotApplicable, NotInstalled, ReinstallRequired};
    const ABSENT: Cell = Refused(NotInstalled);
    const NEVER: Cell = Refused(NotApplicable);
    [
        //                install  pause                activate                    disconnect    dead    well
        /* available    */ [Active, ABSENT,              ABSENT,                     ABSENT,       NEVER,  NEVER],
        /* active       */ [Active, Paused,              NoChange,                   Disconnected, Error,  Active],
        /* paused       */ [Active, NoChange,            ActiveWithCredential,       Disconnected, Error,  Paused],
        /* error        */ [Active, Paused,              AfterProbe,                 Disconnected, Error,  Before],
        /* disconnected */ [Active, Refused(NotAllowed), Refused(ReinstallRequired), NoChange,     NEVER,  NEVER],
    ]
};

const fn row(state: State) -> usize {
    match state {
        State::Available => 0,
        State::Active => 1,
        State::Paused => 2,
        State::Error { .. } => 3,
        State::Disconnected => 4,
    }
}

const fn column(command: Command) -> usize {
    match command {
        Command::Install => 0,
        Command::Pause => 1,
        Command::Activate { .. } => 2,
        Command::Disconnect => 3,
        Command::ProbeDead => 4,
        Command::ProbeWell => 5,
    }
}

/// What `command` does to an integration in state `from`.
pub fn decide(from: State, command: Command) -> Result<Transition, Refusal> {
    let before = from.chosen().unwrap_or(Chosen::Active);
    let state = match TABLE[row(from)][column(command)] {
        Cell::Active => State::Active,
        Cell::Paused => State::Paused,
        Cell::Error => State::Error { before },
        Cell::Disconnected => State::Disconnected,
        Cell::Before => before.into(),
        Cell::ActiveWithCredential | Cell::AfterProbe
            if matches!(command, Command::Activate { credential: Credential::Missing }) =>
        {
            return Err(Refusal::ReinstallRequired);
        }
        Cell::ActiveWithCredential => State::Active,
        Cell::AfterProbe => return Err(Refusal::ProbeRequired),
        Cell::NoChange => return Ok(Transition::NoChange),
        Cell::Refused(refusal) => return Err(refusal),
    };
    Ok(Transition::Becomes(state))
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};

    use super::*;

    const USABLE: Command = Command::Activate { credential: Credential::Usable };
    const MISSING: Command = Command::Activate { credential: Credential::Missing };
    const ERROR_FROM_ACTIVE: State = State::Error { before: Chosen::Active };
    const ERROR_FROM_PAUSED: State = State::Error { before: Chosen::Paused };
    const STATES: [State; 6] = [
        State::Available,
        State::Active,
        State::Paused,
        ERROR_FROM_ACTIVE,
        ERROR_FROM_PAUSED,
        State::Disconnected,
    ];
    const COMMANDS: [Command; 7] = [
        Command::Install,
        Command::Pause,
        USABLE,
        MISSING,
        Command::Disconnect,
        Command::ProbeDead,
        Command::ProbeWell,
    ];

    /// Every cell of the design's table, in words: the new status, `=` for no change, or the refusal.
    const DESIGN: [[&str; 7]; 6] = [
        ["active", "absent", "absent", "absent", "absent", "-", "-"],
        ["active", "paused", "=", "=", "disconnected", "error(active)", "active"],
        ["active", "=", "active", "reinstall", "disconnected", "error(paused)", "paused"],
        ["active", "paused", "probe", "reinstall", "disconnected", "error(active)", "active"],
        ["active", "paused", "probe", "reinstall", "disconnected", "error(paused)", "paused"],
        ["active", "409", "reinstall", "reinstall", "=", "-", "-"],
    ];

    fn in_words(decision: Result<Transition, Refusal>) -> &'static str {
        match decision {
            Ok(Transition::NoChange) => "=",
            Ok(Transition::Becomes(ERROR_FROM_ACTIVE)) => "error(active)",
            Ok(Transition::Becomes(ERROR_FROM_PAUSED)) => "error(paused)",
            Ok(Transition::Becomes(state)) => state.status().map_or("available", Status::as_str),
            Err(Refusal::NotAllowed) => "409",
            Err(Refusal::ProbeRequired) => "probe",
            Err(Refusal::ReinstallRequired) => "reinstall",
            Err(Refusal::NotInstalled) => "absent",
            Err(Refusal::NotApplicable) => "-",
        }
    }

    #[test]
    fn every_cell_is_as_designed() {
        for (state, expected) in STATES.into_iter().zip(DESIGN) {
            for (command, expected) in COMMANDS.into_iter().zip(expected) {
                assert_eq!(in_words(decide(state, command)), expected, "{state:?} × {command:?}");
            }
        }
    }

    #[test]
    fn a_state_is_its_status_with_the_one_before_an_error() {
        for state in STATES.into_iter().filter(|state| *state != State::Available) {
            assert_eq!(State::of(state.status().unwrap(), state.status_before_error()), Some(state));
        }
        let contradictions = [
            (Status::Error, None),
            (Status::Error, Some(Status::Error)),
            (Status::Error, Some(Status::Disconnected)),
            (Status::Active, Some(Status::Paused)),
        ];
        for (status, before) in contradictions {
            assert_eq!(State::of(status, before), None, "{status} {before:?}");
        }
    }

    #[test]
    fn names_round_trip_and_unknown_ones_are_refused_with_the_choices() {
        for status in Status::ALL {
            assert_eq!(status.as_str().parse(), Ok(status));
        }
        for health in Health::ALL {
            assert_eq!(health.as_str().parse(), Ok(health));
        }
        let refusal = "Active".parse::<Status>().unwrap_err().to_string();
        assert_eq!(refusal, "Expected one of active, paused, error, disconnected");
    }

    proptest! {
        #[test]
        fn transitions_never_leave_the_table(commands in prop::collection::vec(select(COMMANDS.to_vec()), 0..40)) {
            let mut state = State::Available;
            let mut chosen = Chosen::Active;
            for command in commands {
                match decide(state, command) {
                    Ok(Transition::Becomes(next)) => state = next,
                    Ok(Transition::NoChange) | Err(_) => {}
                }
                prop_assert!(STATES.contains(&state));
                prop_assert!(state != State::Available || command != Command::Install);
                match state {
                    State::Active => chosen = Chosen::Active,
                    State::Paused => chosen = Chosen::Paused,
                    // An error remembers the last status that was chosen, whatever happens meanwhile.
                    State::Error { before } => prop_assert_eq!(before, chosen),
                    State::Available | State::Disconnected => {}
                }
            }
        }

        #[test]
        fn only_an_installation_leads_out_of_disconnected(command in select(COMMANDS.to_vec())) {
            let left = matches!(decide(State::Disconnected, command), Ok(Transition::Becomes(_)));
            prop_assert_eq!(left, command == Command::Install);
        }
    }
}
