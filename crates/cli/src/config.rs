//! Finds the key, the project or organization and the API's URL: first in flags, then in the environment, then in the
//! config file.

use std::ffi::OsString;
use std::fmt;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use integrations_core::api_key::{self, ApiKey};
use integrations_core::error::ErrorCode;
use integrations_core::ids::{Id, Kind, OrganizationId, ProjectId};
use integrations_core::pasted::secret;
use url::Url;

use crate::error::{Exit, Failure, Report, code};
use crate::place::{Place, Subject};

/// The default URL of the API: a development server on this machine.
pub(crate) const DEFAULT_API_BASE: &str = "http://127.0.0.1:8080/api/v1";

/// Where a value came from. Errors show this and not the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// An option on the command line.
    Flag(&'static str),
    /// An environment variable.
    Environment(&'static str),
    /// The config file.
    File(PathBuf),
    /// Built in.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => f.write_str(name),
            Self::Environment(name) => write!(f, "{name} in the environment"),
            Self::File(path) => write!(f, "the config file {}", path.display()),
            Self::Default => f.write_str("the default"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(crate) struct Sourced<T> {
    /// The value.
    pub(crate) value: T,
    /// Its origin.
    pub(crate) source: Source,
}

impl<T> Sourced<T> {
    fn try_map<U>(self, map: impl FnOnce(T, &Source) -> Result<U, Failure>) -> Result<Sourced<U>, Failure> {
        Ok(Sourced { value: map(self.value, &self.source)?, source: self.source })
    }
}

/// The values of the options on the command line.
#[derive(Clone, Default)]
pub(crate) struct Flags {
    /// `--api-key`
    pub(crate) api_key: Option<String>,
    /// `--project`
    pub(crate) project: Option<String>,
    /// `--org`
    pub(crate) org: Option<String>,
    /// `--api-base`
    pub(crate) api_base: Option<String>,
    /// `--config`
    pub(crate) config: Option<PathBuf>,
}

/// What the commands need that log in and out: they do without a key and a project.
#[derive(Debug)]
pub(crate) struct LoginConfig {
    /// The key, if there is one.
    pub(crate) api_key: Option<Sourced<ApiKey>>,
    /// The project, if there is one.
    pub(crate) project: Option<Sourced<ProjectId>>,
    /// The organization, if there is one.
    pub(crate) org: Option<Sourced<OrganizationId>>,
    /// The API's URL. It ends in `/api/v1` or `/v1`, without a slash.
    pub(crate) api_base: Sourced<Url>,
    /// What the config file says of the project.
    pub(crate) project_in_file: Option<String>,
    /// What the config file says of the organization.
    pub(crate) org_in_file: Option<String>,
    /// What the config file says of the API's URL.
    pub(crate) base_in_file: Option<Url>,
    /// The config file, which need not be there. `None`: there is no place for it.
    pub(crate) path: Option<PathBuf>,
}

/// Everything a request needs.
#[derive(Clone, Debug)]
pub(crate) struct Config {
    /// The key.
    pub(crate) api_key: Sourced<ApiKey>,
    /// The project or organization.
    pub(crate) place: Sourced<Place>,
    /// The API's URL. It ends in `/api/v1` or `/v1`, without a slash.
    pub(crate) api_base: Sourced<Url>,
    /// What is set as the organization. A command about a project does not send it, and uses it to explain a mismatch.
    pub(crate) org: Option<Sourced<String>>,
    /// `--config`
    file: Option<PathBuf>,
}

/// Reads an environment variable by its name. It is a parameter so that tests need not change the real ones.
pub(crate) type Variables<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Everything that may set a value: first the flags, then the environment, then the config file.
struct Settings<'a> {
    flags: &'a Flags,
    variables: Variables<'a>,
    file: ConfigFile,
    path: Option<PathBuf>,
}

impl<'a> Settings<'a> {
    fn read(flags: &'a Flags, variables: Variables<'a>, absence: Absence) -> Result<Self, Failure> {
        let (file, path) = ConfigFile::find(flags, variables, absence)?;
        Ok(Self { flags, variables, file, path })
    }

    fn api_key(&self) -> Result<Option<Sourced<ApiKey>>, Failure> {
        let key = self.first(("--api-key", &self.flags.api_key), "RIQ_API_KEY", &self.file.api_key)?;
        key.map(|key| key.try_map(|key, source| parse_key(&key, source))).transpose()
    }

    fn project(&self) -> Result<Option<Sourced<ProjectId>>, Failure> {
        let id = self.first(("--project", &self.flags.project), "RIQ_PROJECT_ID", &self.file.project)?;
        id.map(|id| id.try_map(|id, source| parse_id("project", &id, source))).transpose()
    }

    fn org_text(&self) -> Result<Option<Sourced<String>>, Failure> {
        self.first(("--org", &self.flags.org), "RIQ_ORG_ID", &self.file.org)
    }

    fn org(&self) -> Result<Option<Sourced<OrganizationId>>, Failure> {
        let id = self.org_text()?;
        id.map(|id| id.try_map(|id, source| parse_id("organization", &id, source))).transpose()
    }

    fn api_base(&self) -> Result<Sourced<Url>, Failure> {
        let base = self.first(("--api-base", &self.flags.api_base), "RIQ_API_BASE", &self.file.api_base)?;
        let base = base.unwrap_or(Sourced { value: DEFAULT_API_BASE.to_owned(), source: Source::Default });
        base.try_map(|base, source| parse_base(&base, source))
    }

    /// The project or organization that a command is about.
    fn place(&self, subject: Subject) -> Result<Sourced<Place>, Failure> {
        let flags = (&self.flags.project, &self.flags.org);
        match (subject, flags) {
            (Subject::Organization, (Some(_), _)) => Err(Report::local(
                code::USAGE,
                Exit::Usage,
                "this command is about an organization, and takes no --project",
            )
            .with_hint("a project is named by its id behind the command, and a key is bound to projects by --bind-to")
            .into()),
            (Subject::ProjectIfNamed, (Some(_), Some(_))) => Err(Failure::usage(
                "--project and --org cannot both be given: an OAuth app is for a project or for an organization",
            )),
            (Subject::Project, _) | (Subject::ProjectIfNamed, (Some(_), None)) => {
                let id = self.project()?.ok_or_else(|| {
                    let way_out = "pass --project, set RIQ_PROJECT_ID, or put `project` into the config file";
                    nothing_set("no project is set", way_out)
                })?;
                Ok(Sourced { value: Place::Project(id.value), source: id.source })
            }
            (Subject::Organization | Subject::ProjectIfNamed, _) => {
                let id = self.org()?.ok_or_else(|| {
                    let way_out = "pass --org, set RIQ_ORG_ID, or put `org` into the config file";
                    nothing_set("no organization is set", way_out)
                })?;
                Ok(Sourced { value: Place::Organization(id.value), source: id.source })
            }
        }
    }

    fn first(
        &self,
        (name, flag): (&'static str, &Option<String>),
        variable: &'static str,
        in_file: &Option<String>,
    ) -> Result<Option<Sourced<String>>, Failure> {
        if let Some(value) = flag {
            return Ok(Some(Sourced { value: value.clone(), source: Source::Flag(name) }));
        }
        if let Some(value) = variable_text(self.variables, variable)? {
            return Ok(Some(Sourced { value, source: Source::Environment(variable) }));
        }
        let in_file = in_file.as_ref().zip(self.path.as_ref());
        Ok(in_file.map(|(value, path)| Sourced { value: value.clone(), source: Source::File(path.clone()) }))
    }
}

impl Config {
    /// Collects the configuration of a command about `subject`.
    pub(crate) fn resolve(
        subject: Subject,
        flags: &Flags,
        variables: Variables<'_>,
    ) -> Result<Self, Failure> {
        let settings = Settings::read(flags, variables, Absence::OfUsualFile)?;
        Ok(Self {
            api_key: settings.api_key()?.ok_or_else(|| missing_key(settings.path.as_deref()))?,
            place: settings.place(subject)?,
            api_base: settings.api_base()?,
            org: settings.org_text()?,
            file: flags.config.clone(),
        })
    }

    /// A command of riq as it can be typed next: with the options that this one was called with. Never with the key.
    pub(crate) fn command(&self, words: &str) -> String {
        let given =
            |source: &Source, option: String| matches!(source, Source::Flag(_)).then(|| format!(" {option}"));
        let file = self.file.as_ref().map(|file| format!(" --config '{}'", file.display()));
        let place = given(&self.place.source, self.place.value.option());
        let base = given(&self.api_base.source, format!("--api-base {}", self.api_base.value));
        let options: String = [file, place, base].into_iter().flatten().collect();
        format!("`riq {words}{options}`")
    }
}

impl LoginConfig {
    /// Collects what is there.
    pub(crate) fn resolve(flags: &Flags, variables: Variables<'_>) -> Result<Self, Failure> {
        let settings = Settings::read(flags, variables, Absence::OfAnyFile)?;
        let in_file = Source::File(settings.path.clone().unwrap_or_default());
        let base_in_file = settings.file.api_base.as_deref();
        Ok(Self {
            api_key: settings.api_key()?,
            project: settings.project()?,
            org: settings.org()?,
            api_base: settings.api_base()?,
            base_in_file: base_in_file.map(|base| parse_base(base, &in_file)).transpose()?,
            project_in_file: settings.file.project,
            org_in_file: settings.file.org,
            path: settings.path,
        })
    }

    /// The error for a key that is missing.
    pub(crate) fn missing_key(&self) -> Failure {
        missing_key(self.path.as_deref())
    }
}

fn missing_key(path: Option<&Path>) -> Failure {
    let place = path.map_or_else(|| "the config file".to_owned(), |path| path.display().to_string());
    Report::local(ErrorCode::Unauthorized, Exit::Authentication, "there is no API key")
        .with_hint(format!(
            "`riq auth login` asks for one in the browser; or set RIQ_API_KEY, put `api_key` into {place} (mode 0600), \
             or pass --api-key"
        ))
        .into()
}

/// The error for a project or organization that is missing.
fn nothing_set(what: &str, way_out: &str) -> Failure {
    Report::local(code::USAGE, Exit::Usage, what).with_hint(way_out).into()
}

/// The text of an environment variable. An empty variable counts as not set.
fn variable_text(variables: Variables<'_>, name: &str) -> Result<Option<String>, Failure> {
    match variables(name).filter(|value| !value.is_empty()).map(OsString::into_string) {
        None => Ok(None),
        Some(Ok(text)) => Ok(Some(text)),
        Some(Err(_)) => Err(Failure::usage(format!("{name} in the environment is not UTF-8"))),
    }
}

/// Checks the form and checksum of a key. Errors never show it. Only the API knows whether such a key exists.
fn parse_key(text: &str, source: &Source) -> Result<ApiKey, Failure> {
    ApiKey::parse(&secret(text)).map_err(|_| {
        let form = format!("a key is {} characters long and begins with riq_", api_key::LENGTH);
        let message = format!("the API key from {source} is incomplete or mistyped: {form}");
        Report::local(code::USAGE, Exit::Usage, message)
            .with_hint("copy the whole key again; nothing was sent")
            .into()
    })
}

/// Checks the form of an id. Only the API knows whether there is such a project or organization.
fn parse_id<K: Kind>(what: &str, text: &str, source: &Source) -> Result<Id<K>, Failure> {
    secret(text).parse::<Id<K>>().map_err(|why| {
        Report::local(code::USAGE, Exit::Usage, format!("the {what} from {source} is {why}"))
            .with_hint(format!("give the {what}'s id, not its name"))
            .into()
    })
}

/// Reads an API base, written as `http://host`, `http://host/api/v1` or `http://host/v1`, and completes its path.
fn parse_base(text: &str, source: &Source) -> Result<Url, Failure> {
    let refused = |why: &str| {
        let message = format!("the API base from {source} {why}");
        let hint = format!("write it like {DEFAULT_API_BASE}");
        Failure::from(Report::local(code::USAGE, Exit::Usage, message).with_hint(hint))
    };
    let mut url = Url::parse(text.trim()).map_err(|_| refused("must be an http:// or https:// URL"))?;
    if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
        return Err(refused("must be an http:// or https:// URL"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(refused("must not contain a user name or password"));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(refused("must be a URL without query and fragment"));
    }
    let path = url.path().trim_end_matches('/');
    let full = match path.rsplit('/').next() {
        Some("v1") => path.to_owned(),
        Some("api") => format!("{path}/v1"),
        _ => format!("{path}/api/v1"),
    };
    url.set_path(&full);
    Ok(url)
}

/// Which config file may be missing.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Absence {
    /// The one at the usual place.
    OfUsualFile,
    /// Any: it will be made.
    OfAnyFile,
}

/// The contents of the config file.
#[derive(Default)]
struct ConfigFile {
    api_key: Option<String>,
    project: Option<String>,
    org: Option<String>,
    api_base: Option<String>,
}

impl ConfigFile {
    /// Reads the file that `--config` or `RIQ_CONFIG` names, or the default file if it exists. Also returns its path.
    fn find(
        flags: &Flags,
        variables: Variables<'_>,
        absence: Absence,
    ) -> Result<(Self, Option<PathBuf>), Failure> {
        let named = flags
            .config
            .clone()
            .or_else(|| variables("RIQ_CONFIG").filter(|value| !value.is_empty()).map(PathBuf::from));
        let must_exist = named.is_some() && absence == Absence::OfUsualFile;
        let Some(path) = named.or_else(|| default_path(variables)) else {
            return Ok((Self::default(), None));
        };
        match read_private(&path) {
            Ok(text) => Ok((Self::parse(&text, &path)?, Some(path))),
            Err(Unreadable::Io(error)) if !must_exist && is_absent(error.kind()) => {
                Ok((Self::default(), Some(path)))
            }
            Err(Unreadable::Io(error)) => {
                Err(refused_file(&path, &format!("cannot be read: {error}")).into())
            }
            Err(Unreadable::Mode(mode)) => Err(refused_file(
                &path,
                &format!("is open to other users (mode {mode:04o}), and it may contain a key"),
            )
            .with_hint(format!("chmod 600 '{}'; if others could see the key, revoke it", path.display()))
            .into()),
        }
    }

    /// Reads the four keys. Errors name the line or the key, never a value, because the file contains a secret.
    fn parse(text: &str, path: &Path) -> Result<Self, Failure> {
        let table: toml::Table = toml::from_str(text).map_err(|error: toml::de::Error| {
            let line = error.span().map(|span| text[..span.start.min(text.len())].matches('\n').count() + 1);
            let line = line.map_or_else(String::new, |line| format!(" in line {line}"));
            refused_file(path, &format!("is not valid TOML{line}"))
        })?;
        let mut file = Self::default();
        for (key, value) in table {
            let place = match key.as_str() {
                "api_key" => &mut file.api_key,
                "project" => &mut file.project,
                "org" => &mut file.org,
                "api_base" => &mut file.api_base,
                _ => {
                    let why =
                        format!("has the unknown key `{key}`; known are api_key, project, org, api_base");
                    return Err(refused_file(path, &why).into());
                }
            };
            let toml::Value::String(value) = value else {
                return Err(refused_file(path, &format!("must give `{key}` as a string")).into());
            };
            *place = Some(value).filter(|value| !value.is_empty());
        }
        Ok(file)
    }
}

fn refused_file(path: &Path, why: &str) -> Report {
    Report::local(code::CONFIG, Exit::Usage, format!("the config file {} {why}", path.display()))
}

/// `$XDG_CONFIG_HOME/riq/config.toml`, else `~/.config/riq/config.toml`. A relative `XDG_CONFIG_HOME` is ignored,
/// as the XDG base directory specification requires.
fn default_path(variables: Variables<'_>) -> Option<PathBuf> {
    let absolute = |name| variables(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_CONFIG_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".config")))
        .map(|directory| directory.join("riq").join("config.toml"))
}

/// Whether this user has no file at the default path: there is none, or the home directory does not exist or belongs to
/// another user, as in containers.
fn is_absent(kind: std::io::ErrorKind) -> bool {
    use std::io::ErrorKind::{NotADirectory, NotFound, PermissionDenied};
    matches!(kind, NotFound | NotADirectory | PermissionDenied)
}

enum Unreadable {
    Io(std::io::Error),
    #[cfg_attr(not(unix), expect(dead_code, reason = "modes exist only on Unix"))]
    Mode(u32),
}

/// Reads a file that only its owner may access. Checks the mode of the open file, so that nobody can replace the file
/// between the check and the reading.
fn read_private(path: &Path) -> Result<String, Unreadable> {
    let mut file = std::fs::File::open(path).map_err(Unreadable::Io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(Unreadable::Io)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(Unreadable::Mode(mode));
        }
    }
    let mut text = String::new();
    file.read_to_string(&mut text).map_err(Unreadable::Io)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use integrations_core::ids::kind;

    use super::*;
    use crate::error::Code;

    fn base(text: &str) -> Option<String> {
        parse_base(text, &Source::Default).ok().map(|url| url.to_string())
    }

    #[test]
    fn every_way_to_write_the_base_settles_on_the_full_one() {
        for text in ["http://h:1", "http://h:1/", "http://h:1/api", "http://h:1/api/v1", "http://h:1/api/v1/"]
        {
            assert_eq!(base(text).as_deref(), Some("http://h:1/api/v1"), "{text}");
        }
        assert_eq!(base("https://h/v1/").as_deref(), Some("https://h/v1"));
        assert_eq!(base("https://h/proxied/").as_deref(), Some("https://h/proxied/api/v1"));
    }

    #[test]
    fn a_base_that_is_no_address_is_refused() {
        for text in
            ["", "h", "localhost:8080", "ftp://h", "http://", "http://u:p@h", "http://h?a=b", "http://h#a"]
        {
            assert_eq!(base(text), None, "{text}");
        }
    }

    #[test]
    fn a_key_is_read_by_its_checksum_and_never_shown() {
        let key = ApiKey::from_entropy([7; 32]);
        let text = key.expose();
        let read = parse_key(&format!(" {text}\n"), &Source::Default).unwrap();
        assert_eq!(read, key, "spaces around it are no part of it");
        let mistyped = format!("{}!", &text[..text.len() - 1]);
        for text in ["", "riq_secret", "riq_ä", &text[1..], &text.to_lowercase(), &mistyped] {
            let Err(Failure::Reported(report)) = parse_key(text, &Source::Flag("--api-key")) else {
                panic!("{text:?} was taken");
            };
            assert_eq!((report.exit, &report.code), (Exit::Usage, &Code::Local(code::USAGE)));
            assert!(
                report.message.starts_with("the API key from --api-key is incomplete"),
                "{}",
                report.message
            );
            assert!(text.is_empty() || !report.full_message().contains(text), "{}", report.message);
        }
    }

    #[test]
    fn a_project_is_an_id() {
        let id = "prj_01jc3q5v6w7x8y9zabcdefghjk";
        let read: ProjectId = parse_id("project", &format!("{id} "), &Source::Default).unwrap();
        assert_eq!(read.to_string(), id);
        for text in
            ["", "..", "shop", "prj_1", "org_01jc3q5v6w7x8y9zabcdefghjk", "prj_01jc3q5v6w7x8y9zabcdefghj/"]
        {
            let source = Source::Environment("RIQ_PROJECT_ID");
            let Err(Failure::Reported(report)) = parse_id::<kind::Project>("project", text, &source) else {
                panic!("{text:?} was taken");
            };
            assert_eq!(report.exit, Exit::Usage);
            let says = "the project from RIQ_PROJECT_ID in the environment is not an id: expected prj_";
            assert!(report.message.starts_with(says), "{}", report.message);
        }
    }

    #[test]
    fn the_default_path_follows_xdg() {
        let path = |xdg: Option<&str>, home: Option<&str>| {
            default_path(&|name| match name {
                "XDG_CONFIG_HOME" => xdg.map(OsString::from),
                _ => home.map(OsString::from),
            })
        };
        assert_eq!(path(Some("/x"), Some("/h")), Some(PathBuf::from("/x/riq/config.toml")));
        assert_eq!(path(Some("relative"), Some("/h")), Some(PathBuf::from("/h/.config/riq/config.toml")));
        assert_eq!(path(None, Some("/h")), Some(PathBuf::from("/h/.config/riq/config.toml")));
        assert_eq!(path(None, None), None);
    }

    #[test]
    fn a_broken_file_is_named_by_line_without_showing_it() {
        for (text, says) in [
            ("project = \"p\"\napi_key = riq_secret", "is not valid TOML in line 2"),
            ("api_key = 12345", "must give `api_key` as a string"),
            ("key = \"riq_secret\"", "has the unknown key `key`; known are api_key, project, org, api_base"),
        ] {
            let Err(Failure::Reported(report)) = ConfigFile::parse(text, Path::new("c.toml")) else {
                panic!("{text} was taken");
            };
            assert_eq!(report.message, format!("the config file c.toml {says}"));
            assert_eq!(report.code, Code::Local("CONFIG_ERROR"));
        }
    }
}
