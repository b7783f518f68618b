//! Running the binary, and comparing what it prints with a golden file.

use std::path::PathBuf;

use assert_cmd::Command;

use crate::api::{Api, Exchange, KEY, ORG, PROJECT};

/// The binary with an empty environment: no proxy, config file or key of the machine gets in.
pub(crate) fn riq(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_riq"));
    command.env_clear().args(arguments);
    command
}

/// Runs the binary with key, project and organization from the environment, and compares all that comes out of it.
pub(crate) fn run(golden: &str, arguments: &[&str], script: impl IntoIterator<Item = Exchange>) {
    run_with(golden, arguments, script, |command| command);
}

/// The same with something else about the command.
pub(crate) fn run_with(
    golden: &str,
    arguments: &[&str],
    script: impl IntoIterator<Item = Exchange>,
    prepare: impl FnOnce(&mut Command) -> &mut Command,
) {
    let api = Api::playing(script);
    let mut command = riq(arguments);
    command.env("RIQ_API_KEY", KEY).env("RIQ_PROJECT_ID", PROJECT).env("RIQ_ORG_ID", ORG);
    command.env("RIQ_API_BASE", api.origin());
    let output = prepare(&mut command).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap().replace(&api.origin(), "http://API");
    let transcript = format!(
        "$ riq {}\nexit {}\n--- stdout\n{}--- stderr\n{}",
        arguments.join(" "),
        output.status.code().unwrap(),
        text(&output.stdout),
        text(&output.stderr),
    );
    api.finish();
    compare(golden, &transcript);
}

/// Compares with `tests/golden/NAME.txt`.
pub(crate) fn compare(name: &str, transcript: &str) {
    assert!(!transcript.contains(KEY), "the key is shown:\n{transcript}");
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(format!("{name}.txt"));
    if std::env::var_os("RIQ_GOLDEN").is_some_and(|value| value == "write") {
        std::fs::write(&path, transcript).unwrap();
        return;
    }
    let golden = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert_eq!(golden, transcript, "{} differs", path.display());
}
