//! What an integration's health was, day by day.

use serde::{Deserialize, Serialize};

use super::Open;
use crate::lifecycle::Health;

/// How an integration was on one day of UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthDay {
    /// The day.
    #[cfg_attr(feature = "openapi", schema(format = Date, example = "2026-05-12"))]
    pub date: String,
    /// The worst health of the day; null if nothing is known about it.
    #[serde(default)]
    #[cfg_attr(feature = "openapi", schema(required, value_type = Option<Health>, example = "unhealthy"))]
    pub health: Option<Open<Health>>,
    /// For how many seconds of the day it was healthy.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 68400))]
    pub healthy_seconds: i64,
    /// For how many it was degraded.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 7200))]
    pub degraded_seconds: i64,
    /// For how many it was unhealthy.
    #[cfg_attr(feature = "openapi", schema(minimum = 0, example = 10800))]
    pub unhealthy_seconds: i64,
}

/// The response with the health of an integration in the last days.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct HealthHistoryResponse {
    /// The last 30 days up to today, oldest first.
    pub data: Vec<HealthDay>,
}
