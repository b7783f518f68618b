//! `riq-server providers new`: writes a provider file that loads, to go on from.

use std::{
    fs::OpenOptions,
    io::{self, IsTerminal as _, Write as _},
    path::PathBuf,
};

use anyhow::{Context as _, bail, ensure};
use clap::{Args, ValueEnum};
use integrations_core::catalog::{Catalog, Category, ProviderKey};

/// The provider to write a file for. What is not given is asked for at a terminal.
#[derive(Args, Debug)]
pub(super) struct NewProvider {
    /// Its key: lower-case words and digits joined by hyphens
    #[arg(value_name = "KEY")]
    key: ProviderKey,
    /// The directory to write to, as of RIQ_PROVIDERS_DIR
    #[arg(long, value_name = "DIR", default_value = ".")]
    directory: PathBuf,
    /// Its name for people
    #[arg(long)]
    name: Option<String>,
    /// What connecting it gives, in a sentence
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// What it is for, such as crm or support
    #[arg(long)]
    category: Option<Category>,
    /// Its own documentation
    #[arg(long, value_name = "URL")]
    documentation_url: Option<String>,
    /// Where the paths of its API begin
    #[arg(long, value_name = "URL")]
    api_base_url: Option<String>,
    /// How one logs in
    #[arg(long, value_enum)]
    auth: Option<Auth>,
    /// Where a person agrees, for oauth
    #[arg(long, value_name = "URL")]
    authorize_url: Option<String>,
    /// Where codes are exchanged, for oauth
    #[arg(long, value_name = "URL")]
    token_url: Option<String>,
    /// What answers 200 to a good credential and 401 to a refused one
    #[arg(long, value_name = "URL")]
    probe_url: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
enum Auth {
    /// By a key, sent as a bearer token
    ApiKey,
    /// By the provider's consent page
    Oauth,
}

/// Asks for what is not given, writes the file, and says what comes next. Nothing is written if the file would not
/// load.
pub(super) fn run(new: &NewProvider) -> anyhow::Result<()> {
    let name = format!("{}.toml", new.key);
    let path = new.directory.join(&name);
    ensure!(!path.exists(), "{} is there already: change it, or remove it first", path.display());
    let text = text(new)?;
    Catalog::embedded()?
        .with_files([(name, text.clone())])
        .context("the file would not load, so it is not written. Run the command again with other answers")?;
    let write = || OpenOptions::new().write(true).create_new(true).open(&path)?.write_all(text.as_bytes());
    write().with_context(|| format!("cannot write {}", path.display()))?;
    let mut out = io::stdout().lock();
    writeln!(out, "Wrote {}", path.display())?;
    writeln!(out, "Next: hold it against the provider's documentation, and add actions.")?;
    writeln!(out, "Then: riq-server providers check {}", new.directory.display())?;
    Ok(())
}

/// The text of the file.
fn text(new: &NewProvider) -> anyhow::Result<String> {
    let url = |given: &Option<String>, flag, question: &str| answer(given.clone(), flag, question);
    let name = answer(new.name.clone(), "--name", "Its name for people")?;
    let description =
        answer(new.description.clone(), "--description", "What connecting it gives, in a sentence")?;
    let category = new.category.map(|category| category.to_string());
    let category = answer(category, "--category", &format!("What it is for ({})", categories()))?;
    let documentation =
        url(&new.documentation_url, "--documentation-url", "The address of its documentation")?;
    let base = url(&new.api_base_url, "--api-base-url", "The address where the paths of its API begin")?;
    let auth = new.auth.and_then(|auth| Some(auth.to_possible_value()?.get_name().to_owned()));
    let auth = answer(auth, "--auth", "How one logs in (api_key, oauth)")?;
    let auth = match Auth::from_str(auth.trim(), false) {
        Ok(Auth::ApiKey) => API_KEY.to_owned(),
        Ok(Auth::Oauth) => {
            let authorize = url(&new.authorize_url, "--authorize-url", "The address where a person agrees")?;
            let token = url(&new.token_url, "--token-url", "The address where codes are exchanged")?;
            OAUTH.replace("AUTHORIZE", &quoted(&authorize)).replace("TOKEN", &quoted(&token))
        }
        Err(_) => bail!("--auth: expected api_key or oauth"),
    };
    let probe = url(
        &new.probe_url,
        "--probe-url",
        "An address that answers 200 to a good credential, 401 to a refused one",
    )?;
    let lines = [
        ("key", new.key.as_str()),
        ("name", &name),
        ("description", &description),
        ("category", &category),
        ("documentation_url", &documentation),
        ("api_base_url", &base),
    ];
    let head = lines.map(|(key, value)| format!("{key} = {}\n", quoted(value))).concat();
    Ok(format!("{INTRODUCTION}format = 2\n{head}\n{auth}\n{}", PROBE.replace("PROBE", &quoted(&probe))))
}

const INTRODUCTION: &str = "\
# Checked against: (the pages of the provider's documentation that this file was made from)

";

const API_KEY: &str = "\
[[auth]]
kind = \"api_key\"

[[auth.fields]]
key = \"api_key\"
label = \"API key\"
help = \"Where a person finds the key, in a sentence.\"

[auth.request]
headers = { Authorization = \"Bearer {api_key}\" }
";

const OAUTH: &str = "\
[[auth]]
kind = \"oauth\"

[auth.oauth]
authorize_url = AUTHORIZE
token_url = TOKEN
scopes = []
pkce = \"s256\"
client_auth = \"body\"
refresh_rotates = true

[auth.request]
headers = { Authorization = \"Bearer {access_token}\" }
";

const PROBE: &str = "\
[probe]
method = \"GET\"
url = PROBE
good_statuses = [200]
refused_statuses = [401]
";

fn categories() -> String {
    Category::ALL.map(Category::as_str).join(", ")
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.trim().to_owned()).to_string()
}

/// What is given, or the answer of a person at the terminal.
fn answer(given: Option<String>, flag: &str, question: &str) -> anyhow::Result<String> {
    if let Some(given) = given {
        return Ok(given);
    }
    if !io::stdin().is_terminal() {
        bail!("{flag} is missing, and there is nobody to ask: give it");
    }
    let mut err = io::stderr().lock();
    write!(err, "{question}: ")?;
    err.flush()?;
    let mut answer = String::new();
    io::stdin().read_line(&mut answer).context("cannot read the answer")?;
    Ok(answer.trim().to_owned())
}
