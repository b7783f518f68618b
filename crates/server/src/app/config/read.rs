//! Reads the settings. The only list of them is clap's arguments, with their names, variables and parsers. The values
//! of the file become the arguments' defaults, so flags and environment come first.
//!
//! No error repeats a value, whichever setting it is of: a secret may stand in a wrong place.

use std::{
    env,
    error::Error as _,
    ffi::{OsStr, OsString},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{
    Arg, ArgMatches, Command, CommandFactory, FromArgMatches,
    error::{ContextKind, ContextValue, Error, ErrorKind},
};
use toml::{Table, Value};

use super::{files::toml_files, given::Given, names};

/// Reads the command line of this process, with the settings of its environment and its file. Returns with it the
/// settings that flags gave.
///
/// # Errors
/// A [`clap::Error`] for help, the version, and wrong arguments and variables. Any other error says which name in the
/// environment or the file is wrong, and why.
pub fn command_line<C: CommandFactory + FromArgMatches>() -> anyhow::Result<(C, Given)> {
    let command_line = read(&env::args_os().collect::<Vec<_>>())?;
    names::check(&C::command(), env::vars_os().map(|(name, value)| (lossy(&name), lossy(&value))))?;
    Ok(command_line)
}

fn lossy(text: &OsStr) -> String {
    text.to_string_lossy().into_owned()
}

pub(super) fn read<C: CommandFactory + FromArgMatches>(arguments: &[OsString]) -> anyhow::Result<(C, Given)> {
    let mut command = with_short_help(silent::<C>());
    let mut matches = command
        .try_get_matches_from_mut(arguments)
        .map_err(|error| explained(error, &mut command, arguments))?;
    let given = Given::of(&command, &matches);
    if let Some(path) = matches.get_one::<PathBuf>(names::FILE).cloned() {
        let mut command = silent::<C>();
        for (file, text) in with_those_beside(&path)? {
            (command, matches) = with_file(command, arguments, text.trim_start_matches('\u{feff}'))
                .with_context(|| format!("{file} is not valid"))?;
        }
    }
    Ok((C::from_arg_matches(&matches)?, given))
}

/// The command, whose help does not show the values of the environment.
fn silent<C: CommandFactory>() -> Command {
    C::command().mut_args(|arg| arg.hide_env_values(true))
}

/// The texts of the file with settings and of those in the directory beside it, in the order of their names: each with
/// what it is. The directory of `server.toml` is `server.d`. A package can replace the file, and leaves the directory
/// to the operator.
fn with_those_beside(path: &Path) -> anyhow::Result<Vec<(String, String)>> {
    const FILE: &str = "the file of --config or RIQ_SERVER_CONFIG";

    let text = fs::read_to_string(path).with_context(|| format!("cannot read {FILE}"))?;
    let (mut texts, directory) = (vec![(FILE.to_owned(), text)], path.with_extension("d"));
    if directory.is_dir() {
        let beside = || format!("the directory beside {FILE}, whose name ends in .d");
        let files = toml_files(&directory).with_context(|| format!("cannot read {}", beside()))?;
        texts.extend(files.into_iter().map(|(name, text)| (format!("{name} in {}", beside()), text)));
    }
    Ok(texts)
}

/// Reads the arguments again, with defaults from a file. They were valid before, so an error now is in the file.
/// Returns the command with these defaults, too.
fn with_file(
    mut command: Command,
    arguments: &[OsString],
    text: &str,
) -> anyhow::Result<(Command, ArgMatches)> {
    // The error does not show the line, because it may hold a secret.
    let table: Table = toml::from_str(text).map_err(|error: toml::de::Error| {
        let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
        anyhow::anyhow!("TOML, line {}: {}", before.matches('\n').count() + 1, error.message())
    })?;
    for (name, value) in table {
        let Some(setting) = names::settings(&command).find(|arg| arg.get_id() == name.as_str()) else {
            let known = names::settings(&command).map(|arg| arg.get_id().as_str());
            bail!("unknown field `{name}`{}", names::suggestion(&name, known));
        };
        let values = values(&value, setting).with_context(|| name.clone())?;
        command = command.mut_arg(name, |arg| arg.default_values(values));
    }
    let mut asked = with_short_help(command.clone());
    let matches = asked.try_get_matches_from_mut(arguments);
    let matches = matches.map_err(|error| match wrong_argument(&error, &asked) {
        Some(arg) => anyhow::anyhow!("{}: {}", arg.get_id(), reason(&error)),
        None => explained(error, &mut asked, arguments).into(),
    })?;
    Ok((command, matches))
}

/// Hides the settings in the help of the operator's commands, which have options of their own. They are taken there as
/// everywhere.
fn with_short_help(command: Command) -> Command {
    const ADMIN: &str = "admin";
    const NOTE: &str = "The settings are options here too, such as --config, --database-url and --providers-dir: `help` \
                        of the program itself lists them";
    fn noted(command: Command) -> Command {
        command.after_help(NOTE).mut_subcommands(noted)
    }
    if command.find_subcommand(ADMIN).is_none() {
        return command;
    }
    let settings = command.get_arguments().filter(|arg| arg.get_env().is_some());
    let hidden: Vec<Arg> = settings.map(|arg| arg.clone().hide(true)).collect();
    command.mut_subcommand(ADMIN, |admin| noted(admin.args(hidden)))
}

/// A value of the file, written as the value of a flag.
fn values(value: &Value, setting: &Arg) -> anyhow::Result<Vec<String>> {
    let text = |value: &Value| match value {
        Value::String(text) => Ok(text.clone()),
        Value::Integer(number) => Ok(number.to_string()),
        _ => bail!("expected text or a number"),
    };
    match value {
        Value::Array(several) if setting.get_value_delimiter().is_some() => {
            several.iter().map(text).collect()
        }
        one => Ok(vec![text(one)?]),
    }
}

/// Clap's error without any value. For a wrong value it names the setting, and the variable if it came from one.
fn explained(error: Error, command: &mut Command, arguments: &[OsString]) -> Error {
    if let Some(arg) = wrong_argument(&error, command) {
        let flag = format!("--{}", arg.get_long().unwrap_or_default());
        let is_flag = arguments.iter().any(|given| lossy(given).split('=').next() == Some(&flag));
        let from = match arg.get_env() {
            Some(variable) if !is_flag => format!(" from {}", lossy(variable)),
            _ => String::new(),
        };
        let message = format!("invalid value for '{arg}'{from}: {}", reason(&error));
        return command.error(ErrorKind::ValueValidation, message);
    }
    // A misspelt command is worth its suggestion. Anything else that is no flag may be a value.
    let is_command = |text: &str| text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    let is_stray = match (error.get(ContextKind::InvalidArg), error.get(ContextKind::InvalidSubcommand)) {
        (Some(ContextValue::String(text)), _) => {
            error.kind() == ErrorKind::UnknownArgument && !text.starts_with('-')
        }
        (_, Some(ContextValue::String(text))) => !is_command(text),
        _ => false,
    };
    if is_stray {
        let message = "an argument was not expected; it is not shown, because it may be a secret";
        return command.error(error.kind(), message);
    }
    error
}

/// The setting whose value an error is about.
fn wrong_argument(error: &Error, command: &Command) -> Option<Arg> {
    let Some(ContextValue::String(shown)) = error.get(ContextKind::InvalidArg) else { return None };
    let is_of_value = matches!(error.kind(), ErrorKind::ValueValidation | ErrorKind::InvalidValue);
    names::settings(command).find(|arg| is_of_value && arg.to_string() == *shown).cloned()
}

fn reason(error: &Error) -> String {
    match (error.source(), error.get(ContextKind::ValidValue)) {
        (Some(source), _) => source.to_string(),
        (None, Some(ContextValue::Strings(valid))) => format!("expected {}", valid.join(" or ")),
        (None, _) => "expected a value".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use clap::{Args as _, Parser};

    use super::{super::Options, *};

    #[derive(Debug, Parser)]
    struct CommandLine {
        #[command(flatten)]
        options: Options,
    }

    fn from(file: &str, flags: &[&str]) -> anyhow::Result<Options> {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("riq.toml");
        fs::write(&path, file).unwrap();
        let given = ["riq-server", "--config", path.to_str().unwrap()];
        let arguments: Vec<OsString> = given.iter().chain(flags).map(OsString::from).collect();
        read::<CommandLine>(&arguments).map(|(command_line, _)| command_line.options)
    }

    #[test]
    fn the_file_can_contain_every_setting() {
        let options = from(
            r#"
            bind = "0.0.0.0:9000"
            database_url = "sqlite://x.db"
            database_connections = 4
            encryption_keys = "k:AAAA"
            encryption_keys_file = "keys"
            public_url = "https://integrations.example.com"
            redis_url = "rediss://riq:hunter2@cache.internal/1"
            providers_dir = "providers"
            hosts = ["riq.internal"]
            trusted_proxies = ["10.0.0.0/8", "192.0.2.1"]
            forwarded_header = "X-Forwarded-For"
            cors_origins = ["https://app.example.com"]
            request_timeout = "10s"
            drain_timeout = "1m"
            install_link_life = "1h"
            outbound_timeout = "5s"
            outbound_allow = ["10.0.0.0/8"]
            approved_hosts = ["chat.example.com", "*.shops.example.com"]
            outbound_resolve = ["API.example.com=10.0.0.1:443"]
            outbound_ca_file = "ca.pem"
            oidc_issuer = "https://login.example.com"
            oidc_client_id = "riq"
            oidc_client_secret = "SECRET-of-the-client"
            oidc_scopes = "openid groups"
            oidc_roles_claim = "/realm_access/roles"
            oidc_roles = ["org_00000000000000000000000001:admin=CN=riq,OU=Groups", "org_00000000000000000000000001:viewer=all"]
            key_sign_in = "off"
            run_retention = "400d"
            audit_stream = "https://siem.internal/SECRET?SECRET"
            audit_stream_token = "SECRET-of-the-siem"
            metrics_token = "SECRET-of-prometheus"
            log_format = "json"
            log = "warn"
            "#,
            &[],
        )
        .unwrap();
        assert_eq!(options.bind().to_string(), "0.0.0.0:9000");
        assert_eq!(options.trusted_proxies.as_ref().map(Vec::len), Some(2));
        assert_eq!(options.drain_timeout(), Duration::from_secs(60));
        assert_eq!(options.approved_hosts.as_ref().map(Vec::len), Some(2));
        let resolved = options.outbound_resolve.as_deref().and_then(<[_]>::first).unwrap();
        assert_eq!((resolved.host.as_str(), resolved.address.port()), ("api.example.com", 443));
        let openid = options.http(options.bind()).unwrap().openid.unwrap();
        assert_eq!(
            openid.roles.iter().map(|grant| grant.group.as_str()).collect::<Vec<_>>(),
            ["CN=riq,OU=Groups", "all"]
        );
        let shown = format!("{options:?} {:?}", options.http(options.bind()).unwrap().redis);
        assert!(shown.contains("cache.internal"), "{shown}");
        for secret in ["AAAA", "SECRET", "hunter2"] {
            assert!(!shown.contains(secret), "secrets are not shown: {shown}");
        }
    }

    #[test]
    fn what_is_given_outside_the_file_goes_first() {
        let file = "bind = \"0.0.0.0:9000\"\nlog = \"warn\"\noutbound_allow = [\"10.0.0.0/8\"]";
        let options = from(file, &["--log", "debug", "--outbound-allow", "192.0.2.0/24,192.0.2.1"]).unwrap();
        assert_eq!((options.bind().port(), options.log.as_deref()), (9000, Some("debug")));
        assert_eq!(options.outbound_allow.map(|networks| networks.len()), Some(2));
    }

    #[test]
    fn files_in_the_directory_beside_it_come_after_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("server.toml");
        let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
        write("server.toml", "bind = \"0.0.0.0:9000\"\nlog = \"warn\"\ndatabase_connections = 4");
        fs::create_dir(directory.path().join("server.d")).unwrap();
        write("server.d/10-init.toml", "log = \"debug\"\ndatabase_connections = 5");
        write("server.d/20-own.toml", "log = \"error\"");
        write("server.d/20-own.toml.dpkg-old", "log = \"off\"");
        let given: [OsString; 3] = ["riq-server".into(), "--config".into(), path.into()];
        let options = read::<CommandLine>(&given).unwrap().0.options;
        assert_eq!((options.bind().port(), options.database_connections()), (9000, 5));
        assert_eq!(options.log.as_deref(), Some("error"));
        write("server.d/10-init.toml", "lgo = \"SECRET\"");
        let error = format!("{:#}", read::<CommandLine>(&given).unwrap_err());
        let expected = "10-init.toml in the directory beside the file of --config or RIQ_SERVER_CONFIG, whose name \
                        ends in .d is not valid: unknown field `lgo`; did you mean log?";
        assert_eq!(error, expected);
    }

    #[test]
    fn a_misspelt_setting_in_the_file_is_an_error_with_a_suggestion() {
        for (text, reason) in [
            ("bnid = \"SECRET\"", "is not valid: unknown field `bnid`; did you mean bind?"),
            ("metric_token = \"SECRET\"", "unknown field `metric_token`; did you mean metrics_token?"),
            ("[server]\nbind = \"SECRET\"", "is not valid: unknown field `server`"),
        ] {
            let error = format!("{:#}", from(text, &[]).unwrap_err());
            assert!(error.ends_with(reason) && !error.contains("SECRET"), "{text}: {error}");
        }
    }

    /// Every value that any setting could have by mistake, by flag and in the file. The environment is read by the same
    /// parsers; a test of the program tries that.
    #[test]
    fn no_error_repeats_a_value() {
        let command = Options::augment_args(Command::new("riq-server"));
        let settings: Vec<_> = names::settings(&command).map(Arg::get_id).map(ToString::to_string).collect();
        assert!(settings.len() > 20, "{settings:?}");
        for setting in &settings {
            let flag = format!("--{}", setting.replace('_', "-"));
            for value in
                ["hunter2", "postgres://riq:hunter2#x@db/riq", "redis://riq:12#hunter2@cache", "hunter2,1"]
            {
                let errors = [
                    from("", &[&flag, value]).err(),
                    from("", &[&format!("{flag}={value}")]).err(),
                    from(&format!("{setting} = \"{value}\""), &[]).err(),
                    from(&format!("{setting} = [[\"{value}\"]]"), &[]).err(),
                    from(&format!("{setting} = {value}"), &[]).err(),
                ];
                for error in errors.into_iter().flatten() {
                    assert!(!format!("{error:#} {error:?}").contains("hunter2"), "{error:#}");
                }
            }
        }
        for arguments in [&["hunter2:x"][..], &["DATABASE_URL=hunter2"], &["--database_url=hunter2"]] {
            let error = from("", arguments).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn no_error_repeats_a_secret() {
        for text in [
            "database_url = \"mysql://riq:SECRET@db\"",
            "redis_url = \"SECRET\"",
            "metrics_token = \"SECRET",
            "encryption_keys = [\"SECRET\"]",
            "log = \"info\"\nencryption_keys = SECRET",
        ] {
            let error = format!("{:#}", from(text, &[]).unwrap_err());
            assert!(
                error.contains("RIQ_SERVER_CONFIG is not valid: ") && !error.contains("SECRET"),
                "{text}: {error}"
            );
        }
        for flags in [["--database-url", "mysql://riq:SECRET@db"], ["--redis-url", "SECRET"]] {
            let error = from("", &flags).unwrap_err().to_string();
            assert!(error.contains(&format!("invalid value for '{} <URL>': expected", flags[0])), "{error}");
            assert!(!error.contains("SECRET"), "{error}");
        }
    }

    #[test]
    fn a_wrong_setting_is_named_with_its_place() {
        for (text, reason) in [
            ("bnid = \"0.0.0.0:1\"", "unknown field `bnid`; did you mean bind?"),
            ("bind = \"localhost\"", "bind: expected IP:PORT"),
            ("database_url = \"mysql://x\"", "expected postgres://"),
            ("trusted_proxies = [\"10.0.0.0/33\"]", "trusted_proxies: expected networks such as"),
            ("forwarded_header = \"forwarded, x-forwarded-for\"", "expected the name of one header"),
            ("hosts = [\"https://riq.internal\"]", "expected a host name"),
            ("public_url = \"integrations.example.com\"", "expected http://"),
            ("redis_url = \"cache.internal\"", "expected redis://"),
            ("public_url = \"https://x.example/?a=1\"", "nothing else"),
            ("cors_origins = [\"https://*.example.com\"]", "nothing else"),
            ("cors_origins = [\"*\"]", "nothing else"),
            ("request_timeout = \"soon\"", "such as 30s"),
            ("oidc_issuer = \"http://login.example.com\"", "oidc_issuer: expected the issuer as"),
            ("oidc_roles_claim = \"groups\"", "oidc_roles_claim: expected a JSON pointer such as /groups"),
            ("oidc_roles = [\"admin=x\"]", "oidc_roles: expected ORGANIZATION:ROLE=GROUP such as"),
            ("key_sign_in = \"no\"", "key_sign_in: expected on or off"),
            ("outbound_resolve = [\"api.example.com\"]", "expected HOST=IP:PORT"),
            ("approved_hosts = [\"10.0.0.1\"]", "approved_hosts: expected a host name such as"),
            ("approved_hosts = [\"*.com\"]", "approved_hosts: a domain behind *. has a dot"),
            ("log = [", "TOML"),
            ("log_format = \"xml\"", "log_format: expected json or pretty"),
            ("run_retention = \"30d\"", "run_retention: expected a time such as 400d, at least 31d"),
            (
                "audit_stream = \"http://siem.internal\"",
                "audit_stream: expected file:PATH, syslog+udp://HOST:PORT",
            ),
            ("probes_per_host = 0", "probes_per_host: expected a whole number from 1 to 10000"),
            ("database_connections = true", "database_connections: expected text or a number"),
            ("log = \"x\"\nbind = [", "TOML, line 2"),
        ] {
            let error = format!("{:#}", from(text, &[]).unwrap_err());
            assert!(error.contains(reason) && error.contains("RIQ_SERVER_CONFIG"), "{text}: {error}");
        }
    }
}
