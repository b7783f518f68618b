//! The statements of a writing action, for pgbench.

use std::path::Path;

use anyhow::Result;
use riq_server::store::statements;

use crate::bench::yardstick::{ACTOR, PROJECT, RECORD, Script, with_values};

/// The values of a run that is being sent. Those that are not named here are NULL, as in the server's own statement.
const RUN: [(&str, &str); 22] = [
    ("id", "'run_' || to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS') || lpad(:r, 10, '0')"),
    ("organization_id", ":organization_id"),
    ("project_id", PROJECT),
    ("integration_id", ":id"),
    ("action", "'create_order'"),
    ("kind", "'write'"),
    ("status", "'sending'"),
    ("definition", HASH),
    ("principal", ACTOR),
    ("input", r#"'{"note": "Order 17 of 1"}'"#),
    ("evidence", "'{}'"),
    ("input_hash", HASH),
    ("created_at", "now()"),
    ("sent_at", "now()"),
    ("sending_until", "now() + interval '180 seconds'"),
    ("finished_at", "NULL"),
    ("request_id", "'req_' || :r"),
    ("context", "NULL"),
    ("attempt", ATTEMPT),
    ("look_after", "NULL"),
    ("look_at", "NULL"),
    ("look_absences", "0"),
];
const HASH: &str = "sha256(convert_to('call ' || :r, 'UTF8'))";
const ATTEMPT: &str = "'lse_' || lpad(:r, 26, '0')";

/// The same call, if a person is asked about it or has denied it.
const SAME_CALL: &str = "SELECT * FROM action_runs WHERE integration_id = $1 AND input_hash = $2 \
     AND approval_id IS NOT NULL AND ((status = 'pending_approval' AND approval_expires_at > now()) \
     OR (status = 'denied' AND denied_by = 'person' AND finished_at > now() - interval '1 hour')) \
     ORDER BY id DESC LIMIT 1";

const FINISH: &str = "UPDATE action_runs SET status = 'succeeded', provider_status = 201, result = $2, \
     error_code = NULL, error_message = NULL, sending_until = NULL, look_at = NULL, finished_at = now() \
     WHERE id = $1 AND attempt = $3 AND status IN ('sending', 'unknown')";

/// What the server does with its database for a writing call: it loads the integration and its credential; stores the
/// run in one transaction, which locks the integration; and stores its end with the event in another. A sealed request
/// has `sealed_size` bytes.
///
/// # Errors
/// When the file cannot be written.
pub(in crate::bench) fn write_script(
    directory: &Path,
    projects: usize,
    provider: &str,
    sealed_size: usize,
) -> Result<Script> {
    Script::write(directory, "call.sql", projects, &script(&format!("'{provider}'"), sealed_size))
}

fn script(provider: &str, sealed_size: usize) -> String {
    let load = with_values(&statements::LOAD, &[PROJECT, provider]);
    let lock = format!(
        "SELECT id FROM integrations WHERE project_id = {PROJECT} AND provider = {provider} ORDER BY id FOR UPDATE"
    );
    let sealed = format!("decode(repeat('5a', {sealed_size}), 'hex')");
    let values = [("provider", provider), ("request", sealed.as_str())];
    let (columns, values): (Vec<&str>, Vec<&str>) = RUN.into_iter().chain(values).unzip();
    let begin = format!(
        "INSERT INTO action_runs ({}) VALUES ({}) RETURNING id AS run_id",
        columns.join(", "),
        values.join(", ")
    );
    let same_call = with_values(SAME_CALL, &[":id", HASH]);
    let finish = with_values(FINISH, &[":run_id", r#"'{"id": "o1", "status": "open"}'"#, ATTEMPT]);
    let changes = r#"'[{"path": "status", "from": "sending", "to": "succeeded"}, {"path": "run", "from": null, "to": "run_00000000000000000000000000"}]'"#;
    let event = "'aud_' || to_char(clock_timestamp(), 'YYYYMMDDHH24MISSUS') || lpad(:r, 10, '0')";
    let record = with_values(
        RECORD,
        &[
            event,
            ":organization_id",
            PROJECT,
            ":id",
            provider,
            "'integration.action.executed'",
            "'api_key'",
            ACTOR,
            "'req_' || :r",
            changes,
            "now()",
        ],
    );
    let load_to_use = with_values(&statements::LOAD_TO_USE, &[PROJECT, provider]);
    format!(
        "{load_to_use} \\gset\n\
         BEGIN;\n{lock};\n{load};\n{same_call};\n{begin} \\gset\nCOMMIT;\n\
         BEGIN;\n{finish};\n{record};\nCOMMIT;"
    )
}
