//! Settings: from flags, else the environment, else a file, else defaults. docs/reference/settings.md has the table.

mod brand;
mod files;
mod given;
mod names;
mod oauth_apps;
mod openid;
mod parse;
mod parse_openid;
mod read;

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use http::HeaderName;
use integrations_core::{
    approved_hosts::ApprovedHost,
    branding::{Rgb, Support},
    catalog::Catalog,
    openid::{ClaimPath, RoleGrant},
};
use ipnet::IpNet;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

pub(super) use self::brand::with_logos;
pub(super) use self::files::toml_files;
pub use self::given::Given;
pub(crate) use self::parse::{SHORTEST_RUN_RETENTION, one_line, public_url, time_span};
pub use self::read::command_line;
use self::{
    parse::{
        DEFAULT_BIND, HostAddress, event_retention, header_name, host_address, host_name, network, origin,
        run_retention, secret, socket_address, whole_number,
    },
    parse_openid::{OpenIdScopes, claim_path, issuer, openid_scopes, role_grant},
};
use crate::{
    edge::{
        client_address::TrustedProxies, connections::ConnectionLimits, host::KnownHosts,
        rate_limit::RedisUrl, settings::HttpSettings,
    },
    jobs::{StreamSettings, StreamTarget},
    monitor::MonitorSettings,
    program::{self, OperatorCommands},
    provider::{openid::Issuer, outbound::OutboundSettings},
    store::{DatabaseUrl, Pooling},
    vault::EncryptionKeys,
};

/// The shortest token for the metrics, in characters.
const METRICS_TOKEN_LENGTH: usize = 16;
const DEFAULT_CONNECTIONS: u32 = 16;
const DEFAULT_DRAIN: Duration = Duration::from_secs(30);

/// All settings, as they were given. A flag and the key in the file have the same name.
#[derive(Args, Clone, Debug, Default)]
pub struct Options {
    /// A TOML file with settings; its keys are the flags' names with underscores
    #[arg(long, global = true, env = "RIQ_SERVER_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Address to listen on [default: 127.0.0.1:8080]
    #[arg(long, global = true, env = "RIQ_BIND", value_name = "IP:PORT", value_parser = socket_address)]
    pub bind: Option<SocketAddr>,
    /// Database: postgres://… or sqlite://PATH
    #[arg(long, global = true, env = "DATABASE_URL", value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,
    /// What a connection to PostgreSQL has to itself: a session, or a session for each transaction where a pooler such
    /// as PgBouncer is in transaction mode [default: session]
    #[arg(long, global = true, env = "RIQ_DATABASE_POOL_MODE", value_name = "MODE")]
    pub database_pool_mode: Option<PoolMode>,
    /// PostgreSQL's own address, to be notified at, where the other is that of a pooler in transaction mode
    #[arg(long, global = true, env = "RIQ_DATABASE_LISTEN_URL", value_name = "URL")]
    pub database_listen_url: Option<DatabaseUrl>,
    /// The most connections to the database [default: 16]
    #[arg(long, global = true, env = "RIQ_DATABASE_CONNECTIONS", value_name = "N", value_parser = whole_number::<2, 1000>)]
    pub database_connections: Option<u32>,
    /// Keys that seal credentials, each 32 bytes: id:BASE64[,id:BASE64…]; the first one seals
    #[arg(long, global = true, env = "RIQ_ENCRYPTION_KEYS", value_name = "KEYS", value_parser = secret)]
    pub encryption_keys: Option<SecretString>,
    /// The file that holds these keys instead
    #[arg(long, global = true, env = "RIQ_ENCRYPTION_KEYS_FILE", value_name = "FILE")]
    pub encryption_keys_file: Option<PathBuf>,
    /// Address at which people reach the server, for install URLs [default: http://IP:PORT of --bind]
    #[arg(long, global = true, env = "RIQ_PUBLIC_URL", value_name = "URL", value_parser = public_url)]
    pub public_url: Option<Url>,
    /// Redis that counts requests for all replicas: redis://… or rediss://… [default: each replica counts its own]
    #[arg(long, global = true, env = "RIQ_REDIS_URL", value_name = "URL")]
    pub redis_url: Option<RedisUrl>,
    /// Directory of provider files that add to the built-in ones or replace them
    #[arg(long, global = true, env = "RIQ_PROVIDERS_DIR", value_name = "DIR")]
    pub providers_dir: Option<PathBuf>,
    /// Start without the providers whose files there are not valid, rather than not at all [default: off]
    #[arg(
        long,
        global = true,
        env = "RIQ_SKIP_BROKEN_PROVIDERS",
        value_name = "SWITCH",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "on"
    )]
    pub skip_broken_providers: Option<Switch>,
    /// Further host names at which the dashboard, /metrics and /docs answer, separated by commas; needs --public-url
    #[arg(long, global = true, env = "RIQ_HOSTS", value_name = "HOST,…", value_delimiter = ',', value_parser = host_name)]
    pub hosts: Option<Vec<String>>,
    /// Networks of trusted proxies, separated by commas; needs --forwarded-header
    #[arg(long, global = true, env = "RIQ_TRUSTED_PROXIES", value_name = "CIDR,…", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Option<Vec<IpNet>>,
    /// The one header in which trusted proxies name the client: x-forwarded-for, forwarded or another
    #[arg(long, global = true, env = "RIQ_FORWARDED_HEADER", value_name = "NAME", value_parser = header_name)]
    pub forwarded_header: Option<HeaderName>,
    /// The most connections of clients; then new ones take the place of those that wait longest [default: 4096]
    #[arg(long, global = true, env = "RIQ_CONNECTIONS", value_name = "N", value_parser = whole_number::<16, 1_000_000>)]
    pub connections: Option<u32>,
    /// The most of them from one address; trusted proxies are free of it [default: 512]
    #[arg(long, global = true, env = "RIQ_CONNECTIONS_PER_ADDRESS", value_name = "N", value_parser = whole_number::<1, 1_000_000>)]
    pub connections_per_address: Option<u32>,
    /// Origins whose pages may call the API from a browser (CORS): scheme and host of each, separated by commas
    #[arg(long, global = true, env = "RIQ_CORS_ORIGINS", value_name = "ORIGIN,…", value_delimiter = ',', value_parser = origin)]
    pub cors_origins: Option<Vec<String>>,
    /// The longest time for a request, such as 30s [default: 30s]
    #[arg(long, global = true, env = "RIQ_REQUEST_TIMEOUT", value_name = "TIME", value_parser = time_span)]
    pub request_timeout: Option<Duration>,
    /// How long running requests may continue after a stop signal [default: 30s]
    #[arg(long, global = true, env = "RIQ_DRAIN_TIMEOUT", value_name = "TIME", value_parser = time_span)]
    pub drain_timeout: Option<Duration>,
    /// How long an install link works [default: 30m]
    #[arg(long, global = true, env = "RIQ_INSTALL_LINK_LIFE", value_name = "TIME", value_parser = time_span)]
    pub install_link_life: Option<Duration>,
    /// The longest time for a request to a provider [default: 10s]
    #[arg(long, global = true, env = "RIQ_OUTBOUND_TIMEOUT", value_name = "TIME", value_parser = time_span)]
    pub outbound_timeout: Option<Duration>,
    /// Networks that requests to providers may reach although they are not public, separated by commas
    #[arg(long, global = true, env = "RIQ_OUTBOUND_ALLOW", value_name = "CIDR,…", value_delimiter = ',', value_parser = network)]
    pub outbound_allow: Option<Vec<IpNet>>,
    /// Hosts of customers' own that providers may be connected at, separated by commas: names, and *.NAME for all below
    #[arg(long, global = true, env = "RIQ_APPROVED_HOSTS", value_name = "HOST,…", value_delimiter = ',', value_parser = ApprovedHost::read)]
    pub approved_hosts: Option<Vec<ApprovedHost>>,
    /// Addresses of providers' hosts that are used instead of a DNS look-up, separated by commas
    #[arg(long, global = true, env = "RIQ_OUTBOUND_RESOLVE", value_name = "HOST=IP:PORT,…", value_delimiter = ',', value_parser = host_address)]
    pub outbound_resolve: Option<Vec<HostAddress>>,
    /// A PEM file of certificate authorities that are trusted in addition to the system's
    #[arg(long, global = true, env = "RIQ_OUTBOUND_CA_FILE", value_name = "FILE")]
    pub outbound_ca_file: Option<PathBuf>,
    /// OpenID Connect provider that people sign in with: its issuer, exactly as it calls itself
    #[arg(long, global = true, env = "RIQ_OIDC_ISSUER", value_name = "URL", value_parser = issuer)]
    pub oidc_issuer: Option<Issuer>,
    /// The id under which that provider knows this server
    #[arg(long, global = true, env = "RIQ_OIDC_CLIENT_ID", value_name = "ID")]
    pub oidc_client_id: Option<String>,
    /// The secret that proves it to that provider
    #[arg(long, global = true, env = "RIQ_OIDC_CLIENT_SECRET", value_name = "SECRET", value_parser = secret)]
    pub oidc_client_secret: Option<SecretString>,
    /// The scopes to ask for, separated by blanks [default: openid profile email]
    #[arg(long, global = true, env = "RIQ_OIDC_SCOPES", value_name = "SCOPES", value_parser = openid_scopes)]
    pub oidc_scopes: Option<OpenIdScopes>,
    /// Where a person's groups are in the ID token or the userinfo: a JSON pointer [default: /groups]
    #[arg(long, global = true, env = "RIQ_OIDC_ROLES_CLAIM", value_name = "POINTER", value_parser = claim_path)]
    pub oidc_roles_claim: Option<ClaimPath>,
    /// The roles that groups give: ORGANIZATION:ROLE=GROUP, separated by semicolons
    #[arg(long, global = true, env = "RIQ_OIDC_ROLES", value_name = "GRANT;…", value_delimiter = ';', value_parser = role_grant)]
    pub oidc_roles: Option<Vec<RoleGrant>>,
    /// Whether API keys can sign in to the dashboard [default: on]
    #[arg(long, global = true, env = "RIQ_KEY_SIGN_IN", value_name = "SWITCH")]
    pub key_sign_in: Option<Switch>,
    /// Name on the pages that customers see [default: none]
    #[arg(long, global = true, env = "RIQ_BRAND_NAME", value_name = "NAME")]
    pub brand_name: Option<String>,
    /// A file with the logo on these pages: svg, png, webp or jpg; beside NAME.svg may be NAME.dark.svg
    #[arg(long, global = true, env = "RIQ_BRAND_LOGO", value_name = "FILE")]
    pub brand_logo: Option<PathBuf>,
    /// Colour of buttons and links on these pages, #rrggbb
    #[arg(long, global = true, env = "RIQ_BRAND_ACCENT", value_name = "COLOUR", value_parser = Rgb::read)]
    pub brand_accent: Option<Rgb>,
    /// The same on dark pages [default: the other, lightened as far as needed]
    #[arg(long, global = true, env = "RIQ_BRAND_ACCENT_DARK", value_name = "COLOUR", value_parser = Rgb::read)]
    pub brand_accent_dark: Option<Rgb>,
    /// Whom a customer asks: a mail address, or the https address of a page
    #[arg(long, global = true, env = "RIQ_BRAND_SUPPORT", value_name = "ADDRESS", value_parser = Support::read)]
    pub brand_support: Option<Support>,
    /// Directory of logos that projects may name as theirs
    #[arg(long, global = true, env = "RIQ_BRAND_LOGOS_DIR", value_name = "DIR")]
    pub brand_logos_dir: Option<PathBuf>,
    /// Token for reading /metrics from other machines, at least 16 characters
    #[arg(long, global = true, env = "RIQ_METRICS_TOKEN", value_name = "TOKEN", value_parser = secret)]
    pub metrics_token: Option<SecretString>,
    /// The most integrations that are probed or refreshed at the same time; 0 leaves it to other replicas [default:
    /// 256]
    #[arg(long, global = true, env = "RIQ_PROBES_IN_FLIGHT", value_name = "N", value_parser = whole_number::<0, 10_000>)]
    pub probes_in_flight: Option<u32>,
    /// The most of them that belong to one provider [default: 128]
    #[arg(long, global = true, env = "RIQ_PROBES_PER_PROVIDER", value_name = "N", value_parser = whole_number::<1, 10_000>)]
    pub probes_per_provider: Option<u32>,
    /// The most of them that are probed at one host [default: 64]
    #[arg(long, global = true, env = "RIQ_PROBES_PER_HOST", value_name = "N", value_parser = whole_number::<1, 10_000>)]
    pub probes_per_host: Option<u32>,
    /// How long finished runs of actions are kept, at least 31d [default: until `admin runs prune` removes them]
    #[arg(long, global = true, env = "RIQ_RUN_RETENTION", value_name = "TIME", value_parser = run_retention)]
    pub run_retention: Option<Duration>,
    /// Where the audit log is streamed: file:PATH, syslog+udp://, syslog+tcp:// or syslog+tls://HOST:PORT, or https://…
    #[arg(long, global = true, env = "RIQ_AUDIT_STREAM", value_name = "TARGET")]
    pub audit_stream: Option<StreamTarget>,
    /// The bearer token for an https:// target of the audit log
    #[arg(long, global = true, env = "RIQ_AUDIT_STREAM_TOKEN", value_name = "TOKEN", value_parser = secret)]
    pub audit_stream_token: Option<SecretString>,
    /// How long events of webhooks are kept, with what came of them, at least 1d [default: 30d]
    #[arg(long, global = true, env = "RIQ_WEBHOOK_RETENTION", value_name = "TIME", value_parser = event_retention)]
    pub webhook_retention: Option<Duration>,
    /// How long events that providers sent are kept, at least 1d [default: 7d]
    #[arg(
        long,
        global = true,
        env = "RIQ_PROVIDER_EVENT_RETENTION",
        value_name = "TIME",
        value_parser = event_retention
    )]
    pub provider_event_retention: Option<Duration>,
    /// Format of the log on stderr [default: json; pretty for dev]
    #[arg(long, global = true, env = "RIQ_LOG_FORMAT", value_name = "FORMAT")]
    pub log_format: Option<LogFormat>,
    /// Filter of the log, such as info or riq_server=debug,warn [default: info]
    #[arg(long, global = true, env = "RIQ_LOG", value_name = "FILTER")]
    pub log: Option<String>,
}

/// The format of the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Pretty,
}

/// Whether something is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}

/// What a connection to PostgreSQL has to itself, in the words of PgBouncer's `pool_mode`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum PoolMode {
    /// A session: there is no pooler, or it keeps a session for each connection.
    Session,
    /// A session for each transaction.
    Transaction,
}

impl Options {
    /// The address to listen on.
    #[expect(clippy::expect_used, reason = "the default is a valid address")]
    pub fn bind(&self) -> SocketAddr {
        self.bind.unwrap_or_else(|| DEFAULT_BIND.parse().expect("a socket address"))
    }

    /// The address of the database. Fails if it is not set.
    pub fn database_url(&self) -> anyhow::Result<DatabaseUrl> {
        let url = self.database_url.clone().with_context(|| {
            format!(
                "no database is named: set DATABASE_URL to postgres://… or sqlite://PATH (`{} dev` has its own, which \
                 other commands use with --data-dir)",
                program::name()
            )
        })?;
        let pooling = match self.database_pool_mode {
            None | Some(PoolMode::Session) => Pooling::Session,
            Some(PoolMode::Transaction) => Pooling::Transaction,
        };
        Ok(url.pooled(pooling, self.database_listen_url.clone())?)
    }

    /// The most connections to the database.
    pub fn database_connections(&self) -> u32 {
        self.database_connections.unwrap_or(DEFAULT_CONNECTIONS)
    }

    /// The encryption keys. Fails if they are not set.
    pub fn encryption_keys(&self) -> anyhow::Result<EncryptionKeys> {
        const MAKE: &str = "RIQ_ENCRYPTION_KEYS=\"k1:$(head -c 32 /dev/urandom | base64)\"";

        match (&self.encryption_keys, &self.encryption_keys_file) {
            (Some(keys), None) => keys.expose_secret().parse().context("RIQ_ENCRYPTION_KEYS is not valid"),
            (None, Some(file)) => {
                let text = fs::read_to_string(file).map(SecretString::from).context(
                    "cannot read the encryption keys in the file of RIQ_ENCRYPTION_KEYS_FILE. If it is lost, put it \
                     back from where you keep it: new keys open nothing that is stored",
                )?;
                let keys = text.expose_secret().parse();
                keys.context("the file of RIQ_ENCRYPTION_KEYS_FILE is not valid")
            }
            (Some(_), Some(_)) => bail!(
                "RIQ_ENCRYPTION_KEYS and RIQ_ENCRYPTION_KEYS_FILE are both set, and only one can be meant: leave one out"
            ),
            (None, None) => bail!(
                "there are no encryption keys: set RIQ_ENCRYPTION_KEYS to ID:BASE64 with 32 random bytes, for example \
                 {MAKE}, or RIQ_ENCRYPTION_KEYS_FILE to a file with them, and keep them: without them no stored \
                 credential can be opened"
            ),
        }
    }

    /// The built-in catalog with the files of the providers directory.
    pub fn catalog(&self) -> anyhow::Result<Arc<Catalog>> {
        self.read_catalog().map(Arc::new)
    }

    /// The same, to add to. What was left out is logged.
    pub(super) fn read_catalog(&self) -> anyhow::Result<Catalog> {
        let (catalog, left_out) = self.catalog_and_left_out()?;
        for reason in left_out {
            tracing::warn!(%reason, "a provider file is left out, because RIQ_SKIP_BROKEN_PROVIDERS is on");
        }
        Ok(catalog)
    }

    /// The same, with what is wrong with the files of the providers directory that were left out. Unless the operator
    /// wants them left out, that is an error.
    pub(super) fn catalog_and_left_out(&self) -> anyhow::Result<(Catalog, Vec<String>)> {
        let (catalog, left_out) = self.catalog_of_files()?;
        let approved = self.approved_hosts.iter().flatten().cloned().collect();
        Ok((catalog.approving(&approved), left_out))
    }

    /// The same, in which no host of customers' own is approved.
    fn catalog_of_files(&self) -> anyhow::Result<(Catalog, Vec<String>)> {
        let embedded = Catalog::embedded().context("the built-in provider files are not valid")?;
        let Some(directory) = &self.providers_dir else { return Ok((embedded, Vec::new())) };
        let files = toml_files(directory)
            .context("cannot read the provider files in the directory of RIQ_PROVIDERS_DIR")?;
        if self.skip_broken_providers == Some(Switch::On) {
            let (catalog, errors) = embedded.with_right_files(files);
            let (catalog, problems) = with_logos(catalog, directory);
            let left_out = errors.iter().map(ToString::to_string).chain(problems);
            return Ok((catalog, left_out.collect()));
        }
        let catalog =
            embedded.with_files(files).context("RIQ_PROVIDERS_DIR holds files that are not valid")?;
        let (catalog, problems) = with_logos(catalog, directory);
        match problems.first() {
            None => Ok((catalog, Vec::new())),
            Some(problem) => bail!("RIQ_PROVIDERS_DIR holds files that are not valid: {problem}"),
        }
    }

    /// The operator's commands for a server with these settings. `dev` has a data directory.
    pub fn operator(&self, data_dir: Option<&Path>) -> OperatorCommands {
        let named = [
            ("--data-dir", data_dir),
            ("--config", self.config.as_deref()),
            ("--providers-dir", self.providers_dir.as_deref()),
        ];
        let options: Vec<(&str, &Path)> =
            named.into_iter().filter_map(|(name, path)| Some((name, path?))).collect();
        OperatorCommands::new(program::name(), &options, data_dir.is_none())
    }

    /// The command that brings the database of these settings up to date.
    pub fn migrate_command(&self) -> String {
        let config = self.config.as_deref().map(|file| format!(" --config {}", program::word(file)));
        format!("{} migrate{}", program::name(), config.unwrap_or_default())
    }

    /// The settings of a server's answers at `address`.
    pub fn http(&self, address: SocketAddr) -> anyhow::Result<HttpSettings> {
        let defaults = HttpSettings::at(address);
        Ok(HttpSettings {
            public_url: self.public_url(address),
            known_hosts: self.known_hosts()?,
            trusted_proxies: self.trusted_proxies()?,
            connections: self.connections(defaults.connections),
            cors_origins: self.cors_origins.clone().unwrap_or_default(),
            request_timeout: self.request_timeout.unwrap_or(defaults.request_timeout),
            install_link_life: self.install_link_life.unwrap_or(defaults.install_link_life),
            metrics_token: self.metrics_token()?,
            redis: self.redis_url.clone(),
            openid: self.openid()?,
            key_sign_in: self.key_sign_in()?,
            brands: Arc::new(self.brands()?),
            ..defaults
        })
    }

    /// The address at which people reach a server at `address`.
    pub(super) fn public_url(&self, address: SocketAddr) -> Url {
        self.public_url.clone().unwrap_or_else(|| HttpSettings::at(address).public_url)
    }

    /// How many connections clients may have.
    fn connections(&self, defaults: ConnectionLimits) -> ConnectionLimits {
        let given = |setting: Option<u32>, default| setting.map_or(default, |number| number as usize);
        ConnectionLimits {
            total: given(self.connections, defaults.total),
            per_address: given(self.connections_per_address, defaults.per_address),
        }
    }

    /// The host of the public URL and the further ones. None without a public URL, because then nobody has said which
    /// are right.
    fn known_hosts(&self) -> anyhow::Result<KnownHosts> {
        let further = self.hosts.iter().flatten().map(String::as_str);
        match self.public_url.as_ref().and_then(Url::host_str) {
            Some(host) => Ok(KnownHosts::new(further.chain([host]))),
            None if self.hosts.is_some() => {
                bail!("RIQ_HOSTS adds to the host of the public URL: set RIQ_PUBLIC_URL too")
            }
            None => Ok(KnownHosts::default()),
        }
    }

    /// The trusted proxies and their header. Fails if only one of the two is set: it would have no effect.
    fn trusted_proxies(&self) -> anyhow::Result<Option<TrustedProxies>> {
        match (&self.trusted_proxies, &self.forwarded_header) {
            (Some(networks), Some(header)) => {
                Ok(Some(TrustedProxies { networks: networks.clone(), header: header.clone() }))
            }
            (None, None) => Ok(None),
            (Some(_), None) => bail!(
                "RIQ_TRUSTED_PROXIES is set, but not which header those proxies write: set RIQ_FORWARDED_HEADER to the \
                 one in which they name the client, most often x-forwarded-for (nginx, HAProxy, Traefik, Envoy, load \
                 balancers of clouds), or forwarded (RFC 7239). Any other header may come from the client"
            ),
            (None, Some(_)) => bail!(
                "RIQ_FORWARDED_HEADER is set, but not whose: set RIQ_TRUSTED_PROXIES to the networks of the proxies \
                 that write it"
            ),
        }
    }

    /// The token for the metrics. Fails if it is short enough to be guessed.
    fn metrics_token(&self) -> anyhow::Result<Option<SecretString>> {
        match &self.metrics_token {
            Some(token) if token.expose_secret().len() < METRICS_TOKEN_LENGTH => {
                bail!("RIQ_METRICS_TOKEN is shorter than {METRICS_TOKEN_LENGTH} characters")
            }
            token => Ok(token.clone()),
        }
    }

    /// Where the audit log is streamed. Fails if there is a token and no target for it.
    pub fn audit_stream(&self) -> anyhow::Result<Option<StreamSettings>> {
        let Some(target) = self.audit_stream.clone() else {
            ensure!(
                self.audit_stream_token.is_none(),
                "RIQ_AUDIT_STREAM_TOKEN is set, and RIQ_AUDIT_STREAM is not: set it to the https:// address that takes \
                 the token"
            );
            return Ok(None);
        };
        let token = self.audit_stream_token.clone();
        ensure!(
            token.is_none() || matches!(target, StreamTarget::Https(_)),
            "RIQ_AUDIT_STREAM_TOKEN is set, and RIQ_AUDIT_STREAM is not an https:// address, which alone takes one"
        );
        let public = self.public_url.as_ref().and_then(Url::host_str);
        let host = public.unwrap_or_default().to_owned();
        Ok(Some(StreamSettings { target, token, host, ca_certificates: self.ca_certificates()? }))
    }

    /// The certificates that are trusted in addition to the system's.
    fn ca_certificates(&self) -> anyhow::Result<Option<Vec<u8>>> {
        let read = |path: &PathBuf| fs::read(path).context("cannot read the file of RIQ_OUTBOUND_CA_FILE");
        self.outbound_ca_file.as_ref().map(read).transpose()
    }

    /// The limits of the monitoring.
    pub fn monitor(&self) -> MonitorSettings {
        let defaults = MonitorSettings::default();
        let given = |setting: Option<u32>, default| setting.map_or(default, |number| number as usize);
        MonitorSettings {
            in_flight: given(self.probes_in_flight, defaults.in_flight),
            per_provider: given(self.probes_per_provider, defaults.per_provider),
            per_host: given(self.probes_per_host, defaults.per_host),
            ..defaults
        }
    }

    /// What requests to providers may reach.
    pub fn outbound(&self) -> anyhow::Result<OutboundSettings> {
        let defaults = OutboundSettings::default();
        let given = self.outbound_resolve.iter().flatten();
        Ok(OutboundSettings {
            allowed_networks: self.outbound_allow.clone().unwrap_or_default(),
            ca_certificates: self.ca_certificates()?,
            resolve: given.map(|one| (one.host.clone(), one.address)).collect(),
            local: defaults.local,
            timeout: self.outbound_timeout.unwrap_or(defaults.timeout),
        })
    }

    /// How long running requests may continue after a stop signal.
    pub fn drain_timeout(&self) -> Duration {
        self.drain_timeout.unwrap_or(DEFAULT_DRAIN)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proxies_and_their_header_are_named_together() {
        let with = |networks: Option<&str>, header: Option<&str>| {
            let options = Options {
                trusted_proxies: networks.map(|network| vec![network.parse().unwrap()]),
                forwarded_header: header.map(|header| header.parse().unwrap()),
                ..Options::default()
            };
            options.http(options.bind()).map(|settings| settings.trusted_proxies.is_some())
        };
        assert!(!with(None, None).unwrap());
        assert!(with(Some("10.0.0.0/8"), Some("Forwarded")).unwrap());
        let error = with(Some("10.0.0.0/8"), None).unwrap_err().to_string();
        assert!(error.contains("set RIQ_FORWARDED_HEADER to the one"), "{error}");
        let error = with(None, Some("forwarded")).unwrap_err().to_string();
        assert!(error.contains("set RIQ_TRUSTED_PROXIES to"), "{error}");
    }

    #[test]
    fn hosts_are_known_once_there_is_a_public_url() {
        let with = |public_url: Option<&str>, hosts: Option<&[&str]>| {
            let options = Options {
                public_url: public_url.map(|url| url.parse().unwrap()),
                hosts: hosts.map(|hosts| hosts.iter().map(ToString::to_string).collect()),
                ..Options::default()
            };
            options.http(options.bind()).map(|settings| settings.known_hosts)
        };
        assert_eq!(with(None, None).unwrap(), KnownHosts::default());
        assert_eq!(with(Some("https://a.example/riq"), None).unwrap(), KnownHosts::new(["a.example"]));
        let both = with(Some("https://a.example"), Some(&["b.example"])).unwrap();
        assert_eq!(both, KnownHosts::new(["b.example", "a.example"]));
        let error = with(None, Some(&["b.example"])).unwrap_err().to_string();
        assert!(error.contains("set RIQ_PUBLIC_URL too"), "{error}");
    }

    #[test]
    fn a_token_for_the_stream_needs_a_target_that_takes_it() {
        let with = |target: Option<&str>| {
            let audit_stream = target.map(|target| target.parse().unwrap());
            let options =
                Options { audit_stream, audit_stream_token: Some("SECRET".into()), ..Options::default() };
            options.audit_stream().map(|settings| settings.is_some())
        };
        assert!(with(Some("https://siem.internal")).unwrap());
        for target in [None, Some("file:/var/log/riq.jsonl"), Some("syslog+tls://siem.internal")] {
            let error = with(target).unwrap_err().to_string();
            assert!(error.starts_with("RIQ_AUDIT_STREAM_TOKEN is set"), "{error}");
        }
    }

    #[test]
    fn a_token_that_can_be_guessed_is_refused() {
        let with = |token: &str| {
            let options = Options { metrics_token: Some(token.into()), ..Options::default() };
            options.http(options.bind()).map(|settings| settings.metrics_token.is_some())
        };
        assert!(with("SECRET-of-sixteen").unwrap());
        let error = with("SECRET").unwrap_err().to_string();
        assert_eq!(error, "RIQ_METRICS_TOKEN is shorter than 16 characters");
    }
}
