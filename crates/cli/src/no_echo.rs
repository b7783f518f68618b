//! A terminal that does not show what is typed.

use std::io::{self, IsTerminal as _};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};

/// Shows again what is typed when it is dropped, which also happens if the command is interrupted.
pub(crate) struct NoEcho(Termios);

impl NoEcho {
    /// Hides what is typed on standard input. `None`: that is not a terminal.
    pub(crate) fn begin() -> io::Result<Option<Self>> {
        if !io::stdin().is_terminal() {
            return Ok(None);
        }
        let before = tcgetattr(io::stdin())?;
        let mut hiding = before.clone();
        hiding.local_modes.remove(LocalModes::ECHO);
        // The line's end is shown, so that what follows begins on a new line.
        hiding.local_modes.insert(LocalModes::ECHONL);
        tcsetattr(io::stdin(), OptionalActions::Flush, &hiding)?;
        Ok(Some(Self(before)))
    }
}

impl Drop for NoEcho {
    fn drop(&mut self) {
        // If it fails, there is nothing else to try.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, &self.0);
    }
}
