//! Whether the credential of an integration is on its way to another server.

use integrations_core::words;
words! {
    /// How far an export is.
    pub enum ExportStatus {
        /// The receiver may have imported it.
        UnderWay = "under_way",
        /// It has given its receipt.
        Moved = "moved",
        /// The operator has taken it back.
        Cancelled = "cancelled",
    }
}

/// The export by which the credential `c` is on its way. A credential that was connected later may have the same
/// version, but not the same time of connection.
pub(super) const MOVES_BY: &str = "CASE WHEN c.dead_at IS NOT NULL THEN (SELECT o.export_id \
     FROM exported_integrations o JOIN exports x ON x.id = o.export_id \
     WHERE o.integration_id = c.integration_id AND o.credential_version = c.version \
     AND o.connected_at = c.created_at AND x.status = 'under_way' LIMIT 1) END";
