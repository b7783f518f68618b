//! Where key, project and address come from, and which of them wins.

use std::path::Path;

use assert_cmd::Command;
use integrations_core::api_key::ApiKey;
use integrations_core::ids::{OrganizationId, ProjectId};
use serde_json::json;
use tempfile::TempDir;

use crate::api::{Api, Exchange};
use crate::fixtures::slack;
use crate::golden::{compare, riq};

const LIST: [&str; 3] = ["integrations", "list", "--quiet"];

/// A well-formed key, of its own for each name.
fn key(name: &str) -> String {
    let mut bits = [0; 32];
    bits[..name.len()].copy_from_slice(name.as_bytes());
    ApiKey::from_entropy(bits).expose().to_owned()
}

/// A well-formed project id, of its own for each name.
fn project(name: &str) -> String {
    ProjectId::from_bits(bits(name)).to_string()
}

/// A well-formed organization id, of its own for each name.
fn org(name: &str) -> String {
    OrganizationId::from_bits(bits(name)).to_string()
}

fn bits(name: &str) -> u128 {
    name.bytes().fold(0, |bits, byte| bits << 8 | u128::from(byte))
}

/// What a config file says of the key and the project of that name.
fn file_of(name: &str) -> String {
    format!("api_key = '{}'\nproject = '{}'\n", key(name), project(name))
}

fn expects(key_name: &str, project_name: &str, base: &str) -> Exchange {
    let target = format!("{base}/projects/{}/integrations", project(project_name));
    Exchange::new("GET", "", &json!([slack()])).key(&key(key_name)).at(&target)
}

fn config(directory: &TempDir, text: &str) -> std::path::PathBuf {
    let path = directory.path().join("riq").join("config.toml");
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    write(&path, text, 0o600);
    path
}

fn write(path: &Path, text: &str, mode: u32) {
    std::fs::write(path, text).unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn succeeds(command: &mut Command, api: Api) {
    command.assert().code(0).stdout("int_slack\n").stderr("");
    api.finish();
}

#[test]
fn the_file_serves_where_nothing_else_is_said() {
    let api = Api::playing([expects("file", "file", "/api/v1")]);
    let directory = tempfile::tempdir().unwrap();
    let text = format!("{}org = 'org_1'\napi_base = '{}/'\n", file_of("file"), api.origin());
    config(&directory, &text);
    succeeds(riq(&LIST).env("XDG_CONFIG_HOME", directory.path()), api);
}

#[test]
fn the_file_is_found_below_the_home_directory() {
    let api = Api::playing([expects("file", "file", "/v1")]);
    let home = tempfile::tempdir().unwrap();
    let text = format!("{}api_base = '{}/v1'\n", file_of("file"), api.origin());
    std::fs::create_dir_all(home.path().join(".config/riq")).unwrap();
    write(&home.path().join(".config/riq/config.toml"), &text, 0o600);
    succeeds(riq(&LIST).env("HOME", home.path()), api);
}

#[test]
fn the_environment_goes_before_the_file() {
    let api = Api::playing([expects("env", "env", "/api/v1")]);
    let directory = tempfile::tempdir().unwrap();
    config(&directory, &(file_of("file") + "api_base = 'http://127.0.0.1:1'\n"));
    let mut command = riq(&LIST);
    command
        .env("XDG_CONFIG_HOME", directory.path())
        .env("RIQ_API_KEY", key("env"))
        .env("RIQ_PROJECT_ID", project("env"))
        .env("RIQ_API_BASE", api.origin() + "/api/v1/");
    succeeds(&mut command, api);
}

#[test]
fn a_flag_goes_before_the_environment() {
    let api = Api::playing([expects("flag", "flag", "/v1")]);
    let base = api.origin() + "/v1/";
    let mut command = riq(&LIST);
    command
        .args(["--api-key", &key("flag"), "--project", &project("flag"), "--api-base", &base])
        .env("RIQ_API_KEY", key("env"))
        .env("RIQ_PROJECT_ID", project("env"))
        .env("RIQ_API_BASE", "http://127.0.0.1:1");
    succeeds(&mut command, api);
}

#[test]
fn each_value_is_sought_for_itself_and_empty_variables_are_none() {
    let api = Api::playing([expects("file", "flag", "/api/v1")]);
    let directory = tempfile::tempdir().unwrap();
    let path = config(&directory, &file_of("file"));
    let mut command = riq(&["--project", &project("flag"), "integrations", "list", "--quiet"]);
    command.env("RIQ_CONFIG", path).env("RIQ_API_KEY", "").env("RIQ_API_BASE", api.origin());
    succeeds(&mut command, api);
}

#[test]
fn the_named_file_goes_before_the_usual_one() {
    let api = Api::playing([expects("named", "named", "/api/v1")]);
    let directory = tempfile::tempdir().unwrap();
    config(&directory, &file_of("usual"));
    let named = directory.path().join("named.toml");
    let text = format!("{}api_base = '{}'\n", file_of("named"), api.origin());
    write(&named, &text, 0o400);
    let mut command = riq(&LIST);
    command
        .arg("--config")
        .arg(&named)
        .env("XDG_CONFIG_HOME", directory.path())
        .env("RIQ_CONFIG", "/nowhere");
    succeeds(&mut command, api);
}

/// Runs with a config file that cannot be used, and compares what is said.
fn refused(golden: &str, text: &str, mode: u32) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("config.toml");
    write(&path, text, mode);
    let output = riq(&LIST).arg("--config").arg(&path).output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap().replace(&path.display().to_string(), "CONFIG");
    assert_eq!((output.status.code(), output.stdout.as_slice()), (Some(1), b"".as_slice()));
    assert!(!stderr.contains("riq_secret"), "{stderr}");
    compare(golden, &stderr);
}

#[cfg(unix)]
#[test]
fn a_file_that_others_can_read_is_refused() {
    refused("config_0644", "api_key = 'riq_secret'\nproject = 'prj_01jc3q5v6w7x8y9zabcdefghjk'\n", 0o644);
    refused("config_0620", "api_key = 'riq_secret'\nproject = 'prj_01jc3q5v6w7x8y9zabcdefghjk'\n", 0o620);
}

#[test]
fn a_file_that_says_nonsense_is_refused_without_being_shown() {
    refused("config_not_toml", "project = 'prj_01jc3q5v6w7x8y9zabcdefghjk'\napi_key = riq_secret\n", 0o600);
    refused("config_wrong_type", "api_key = ['riq_secret']\n", 0o600);
    refused("config_unknown_key", "key = 'riq_secret'\n", 0o600);
    refused(
        "config_bad_key",
        "api_key = 'riq_secret key'\nproject = 'prj_01jc3q5v6w7x8y9zabcdefghjk'\n",
        0o600,
    );
}

#[test]
fn a_named_file_must_be_there() {
    let output = riq(&LIST).env("RIQ_CONFIG", "/nowhere/config.toml").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    compare("config_missing", &String::from_utf8(output.stderr).unwrap());
}

#[test]
fn without_key_or_project_it_says_how_to_give_them() {
    let output = riq(&LIST).output().unwrap();
    assert_eq!(output.status.code(), Some(3));
    compare("no_key", &String::from_utf8(output.stderr).unwrap());
    let output = riq(&LIST).env("RIQ_API_KEY", key("env")).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    compare("no_project", &String::from_utf8(output.stderr).unwrap());
    for group in ["projects", "keys", "oauth-apps"] {
        let mut command = riq(&[group, "list"]);
        let output =
            command.env("RIQ_API_KEY", key("env")).env("RIQ_PROJECT_ID", project("env")).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        compare("no_org", &String::from_utf8(output.stderr).unwrap());
    }
}

#[test]
fn the_organization_is_sought_like_the_project() {
    let in_org = |name: &str| {
        let target = format!("/api/v1/orgs/{}/projects", org(name));
        Exchange::new("GET", "", &json!([slack()])).key(&key("env")).at(&target)
    };
    let api = Api::playing([in_org("flag"), in_org("env"), in_org("file")]);
    let directory = tempfile::tempdir().unwrap();
    config(&directory, &format!("org = '{}'\n", org("file")));
    for (arguments, variable) in [
        (vec!["--org".to_owned(), org("flag")], org("env")),
        (Vec::new(), org("env")),
        (Vec::new(), String::new()),
    ] {
        let mut command = riq(&["projects", "list", "--quiet"]);
        command
            .args(arguments)
            .env("XDG_CONFIG_HOME", directory.path())
            .env("RIQ_API_KEY", key("env"))
            .env("RIQ_ORG_ID", variable)
            .env("RIQ_API_BASE", api.origin());
        command.assert().code(0).stdout("int_slack\n").stderr("");
    }
    api.finish();
}

#[cfg(unix)]
#[test]
fn a_home_that_is_nowhere_is_no_hindrance() {
    let api = Api::playing([expects("env", "env", "/api/v1")]);
    let mut command = riq(&LIST);
    command.env("HOME", "/dev/null").env("RIQ_API_KEY", key("env")).env("RIQ_PROJECT_ID", project("env"));
    succeeds(command.env("RIQ_API_BASE", api.origin()), api);
}
