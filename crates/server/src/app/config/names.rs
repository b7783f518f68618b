//! The names of settings, and the other names that begin with `RIQ_`.

use anyhow::bail;
use clap::{Arg, Command};

/// The setting that names the file. The file cannot contain it.
pub(super) const FILE: &str = "config";

const PREFIX: &str = "RIQ_";

/// The beginning of the names of OAuth apps, which are checked against the catalog.
pub(super) const OF_OAUTH_APPS: &str = "RIQ_OAUTH_";

/// The variables of the command line `riq`.
const OF_THE_CLIENT: [&str; 6] =
    ["RIQ_API_BASE", "RIQ_API_KEY", "RIQ_CONFIG", "RIQ_ORG_ID", "RIQ_PROJECT_ID", "RIQ_WAIT_INTERVAL_MS"];

/// The beginnings of names that are read elsewhere: by tests, by checks and for OAuth apps.
const FAMILIES: [&str; 3] = ["RIQ_TEST_", "RIQ_CHECK_", OF_OAUTH_APPS];

/// The settings that a file can contain.
pub(super) fn settings(command: &Command) -> impl Iterator<Item = &Arg> {
    command.get_arguments().filter(|arg| arg.get_env().is_some() && arg.get_id() != FILE)
}

/// Refuses a variable that begins with `RIQ_` and is not a setting. It is probably misspelt and would have no effect.
pub(super) fn check(
    command: &Command,
    variables: impl Iterator<Item = (String, String)>,
) -> anyhow::Result<()> {
    let known: Vec<&str> =
        command.get_arguments().filter_map(Arg::get_env).filter_map(|name| name.to_str()).collect();
    let mut unknown: Vec<String> = variables
        .filter(|(name, _)| name.starts_with(PREFIX) && !known.contains(&name.as_str()))
        .filter(|(name, _)| !OF_THE_CLIENT.contains(&name.as_str()))
        .filter(|(name, _)| !FAMILIES.iter().any(|family| name.starts_with(family)))
        .filter(|(name, value)| !is_of_kubernetes(name, value))
        .map(|(name, _)| name)
        .collect();
    unknown.sort();
    match unknown.first() {
        Some(name) => bail!("{name} is not a setting{}", suggestion(name, known.into_iter())),
        None => Ok(()),
    }
}

/// Whether Kubernetes sets this variable in a container for a service whose name begins with `riq` (Kubernetes
/// documentation, "Service", environment variables): `RIQ_SERVICE_HOST`, `RIQ_SERVER_SERVICE_PORT_HTTP`,
/// `RIQ_PORT=tcp://…`, `RIQ_PORT_8080_TCP_ADDR`.
pub(super) fn is_of_kubernetes(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") || name.contains("_SERVICE_PORT_") {
        return true;
    }
    let protocols = ["TCP", "UDP", "SCTP"];
    let is_address =
        protocols.iter().any(|protocol| value.starts_with(&format!("{}://", protocol.to_ascii_lowercase())));
    let is_port = |rest: &str| {
        let mut parts = rest.split('_');
        parts.next().is_some_and(|port| port.parse::<u16>().is_ok())
            && parts.next().is_some_and(|protocol| protocols.contains(&protocol))
            && matches!(parts.next(), None | Some("PROTO" | "PORT" | "ADDR"))
            && parts.next().is_none()
    };
    (name.ends_with("_PORT") && is_address)
        || name.rsplit_once("_PORT_").is_some_and(|(_, rest)| is_port(rest))
}

/// `; did you mean NAME?`, if one of the names is similar: at most a third of the letters may be wrong.
pub(super) fn suggestion<'a>(typed: &str, known: impl Iterator<Item = &'a str>) -> String {
    let own = |name: &str| name.strip_prefix(PREFIX).unwrap_or(name).len();
    let nearest = known.map(|name| (strsim::damerau_levenshtein(typed, name), name)).min();
    match nearest {
        Some((distance, name)) if distance * 3 <= own(typed) => format!("; did you mean {name}?"),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::{super::Options, *};

    fn checked(name: &str, value: &str) -> Result<(), String> {
        let command = Options::augment_args(Command::new("riq-server"));
        let variables = [(name.to_owned(), value.to_owned()), ("PATH".to_owned(), "/bin".to_owned())];
        check(&command, variables.into_iter()).map_err(|error| error.to_string())
    }

    #[test]
    fn a_misspelt_name_is_an_error_with_a_suggestion() {
        for (name, error) in [
            ("RIQ_BNID", "RIQ_BNID is not a setting; did you mean RIQ_BIND?"),
            ("RIQ_METRIC_TOKEN", "RIQ_METRIC_TOKEN is not a setting; did you mean RIQ_METRICS_TOKEN?"),
            (
                "RIQ_DATABASE_CONECTIONS",
                "RIQ_DATABASE_CONECTIONS is not a setting; did you mean RIQ_DATABASE_CONNECTIONS?",
            ),
            ("RIQ_SERVER_CONFG", "RIQ_SERVER_CONFG is not a setting; did you mean RIQ_SERVER_CONFIG?"),
            ("RIQ_WHATEVER_ELSE", "RIQ_WHATEVER_ELSE is not a setting"),
            ("RIQ_", "RIQ_ is not a setting"),
        ] {
            assert_eq!(checked(name, "SECRET").unwrap_err(), error);
        }
    }

    #[test]
    fn every_setting_is_known_by_its_name() {
        let command = Options::augment_args(Command::new("riq-server"));
        let names: Vec<&str> = command.get_arguments().filter_map(|arg| arg.get_env()?.to_str()).collect();
        assert!(names.contains(&"RIQ_BIND") && names.contains(&"RIQ_SERVER_CONFIG"), "{names:?}");
        for name in names {
            checked(name, "x").unwrap();
        }
    }

    #[test]
    fn names_that_others_read_are_left_alone() {
        for name in OF_THE_CLIENT {
            checked(name, "x").unwrap();
        }
        for name in
            ["RIQ_TEST_POSTGRES_URL", "RIQ_CHECK_ADVISORIES", "RIQ_OAUTH_SLACK_CLIENT_ID", "OTEL_X", "BIND"]
        {
            checked(name, "x").unwrap();
        }
    }

    #[test]
    fn variables_that_kubernetes_sets_are_left_alone() {
        for service in ["RIQ", "RIQ_SERVER", "RIQ_REDIS"] {
            for (rest, value) in [
                ("SERVICE_HOST", "10.0.0.11"),
                ("SERVICE_PORT", "8080"),
                ("SERVICE_PORT_HTTP", "8080"),
                ("PORT", "tcp://10.0.0.11:8080"),
                ("PORT_8080_TCP", "tcp://10.0.0.11:8080"),
                ("PORT_8080_TCP_PROTO", "tcp"),
                ("PORT_8080_TCP_PORT", "8080"),
                ("PORT_8080_TCP_ADDR", "10.0.0.11"),
                ("PORT_53_UDP", "udp://10.0.0.11:53"),
            ] {
                checked(&format!("{service}_{rest}"), value).unwrap();
            }
        }
        for (name, value) in
            [("RIQ_PORT", "8080"), ("RIQ_PORT_HTTP", "8080"), ("RIQ_PORT_8080_TCP_X", "1"), ("RIQ_HOST", "x")]
        {
            assert!(checked(name, value).is_err(), "{name}");
        }
    }
}
