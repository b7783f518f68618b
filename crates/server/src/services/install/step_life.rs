//! How long the steps of an installation may take.

use time::Duration;

/// How long a step may take from using its secret up to its end. It is longer than all requests to a provider together.
pub(super) const STEP_LIFE: Duration = Duration::minutes(5);
