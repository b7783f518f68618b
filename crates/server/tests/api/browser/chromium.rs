//! A browser for one test: it has a fresh profile, and it reaches only the hosts that the test names.

use std::{
    any::type_name_of_val,
    net::SocketAddr,
    panic::AssertUnwindSafe,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use futures_util::FutureExt as _;
use tempfile::TempDir;
use thirtyfour::{
    ChromeCapabilities, ChromiumLikeCapabilities as _, LoggingPrefsLogLevel,
    extensions::query::ElementPollerWithTimeout, prelude::*,
};
use url::Url;

use crate::support::{database::tell, eventually, process::Process};

/// How long a page may take to show what a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);
const INTERVAL: Duration = Duration::from_millis(20);
/// How often a driver is started that finds its port taken.
const DRIVER_STARTS: usize = 5;

/// The paths that `cargo xtask test` passes.
pub(crate) struct Programs {
    chromium: PathBuf,
    chromedriver: PathBuf,
    pub(crate) node: PathBuf,
    /// The npm packages.
    pub(crate) modules: PathBuf,
}

impl Programs {
    /// `None` if one is missing.
    pub(crate) fn find() -> Option<Self> {
        let named = |variable: &str| {
            let path = std::env::var_os(variable).map(PathBuf::from);
            if path.is_none() {
                tell(&format!("SKIPPED in the browser: {variable} is not set (`cargo xtask test` sets it)"));
            }
            path
        };
        Some(Self {
            chromium: named("RIQ_TEST_CHROMIUM")?,
            chromedriver: named("RIQ_TEST_CHROMEDRIVER")?,
            node: named("RIQ_TEST_NODE")?,
            modules: named("RIQ_TEST_NODE_MODULES")?,
        })
    }
}

/// The addresses of hosts, by name. All other hosts except 127.0.0.1 do not exist.
pub(crate) type Hosts<'a> = &'a [(String, SocketAddr)];

/// A browser with one window.
pub(crate) struct Browser {
    pub(crate) driver: WebDriver,
    /// The script of axe-core, which checks accessibility.
    pub(crate) axe: String,
    // The order of the drops: the session, then the driver's process, then their files.
    _process: Process,
    _home: TempDir,
}

/// Starts the driver on a port that it chooses.
///
/// It chooses the port at IPv4, and takes the same one at IPv6. Another process may have that, and the driver then
/// ends: so it is started again.
fn start_driver(programs: &Programs, home: &TempDir) -> Process {
    for _ in 0..DRIVER_STARTS {
        let mut command = Command::new(&programs.chromedriver);
        // The profile is made below TMPDIR, and other files below HOME.
        command.arg("--port=0").env("HOME", home.path()).env("TMPDIR", home.path());
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = Process::spawn(command);
        let started = process.try_wait_for_address(|process| {
            let stdout = process.stdout();
            let port = stdout.split("started successfully on port ").nth(1)?.split('.').next()?;
            Some(SocketAddr::from(([127, 0, 0, 1], port.parse().ok()?)))
        });
        match started {
            Ok(()) => return process,
            Err(said) => {
                assert!(said.contains("Address already in use"), "the driver does not start: {said}")
            }
        }
    }
    panic!("each of {DRIVER_STARTS} drivers chose a port that was taken");
}

impl Browser {
    async fn start(programs: &Programs, hosts: Hosts<'_>) -> Self {
        let home = tempfile::tempdir().unwrap();
        let process = start_driver(programs, &home);
        let client = crate::support::server::client();
        let driver = WebDriver::builder(format!("http://{}", process.address), capabilities(programs, hosts));
        let poller = ElementPollerWithTimeout::new(PATIENCE, INTERVAL);
        let axe = std::fs::read_to_string(programs.modules.join("axe-core/axe.min.js")).unwrap();
        Self {
            driver: driver.client(client).poller(Arc::new(poller)).connect().await.unwrap(),
            axe,
            _process: process,
            _home: home,
        }
    }

    /// Opens a page.
    pub(crate) async fn open(&self, url: &str) {
        self.driver.goto(url).await.unwrap();
    }

    /// Goes back to a page with another address, and waits until that is there. The page itself is told to: the
    /// driver's own command is cut off where one page takes the place of another at once.
    pub(crate) async fn back(&self) {
        const IS_THERE: &str = "return document.readyState === 'complete' && location.href !== arguments[0]";
        let left = self.url().await;
        self.driver.execute("history.back()", Vec::new()).await.unwrap();
        eventually("the page before", PATIENCE, async || {
            // Between two pages there is none to ask.
            let asked = self.driver.execute(IS_THERE, vec![left.as_str().into()]).await;
            asked.is_ok_and(|answer| *answer.json() == true)
        })
        .await;
    }

    /// The address of the window's page.
    pub(crate) async fn url(&self) -> Url {
        self.driver.current_url().await.unwrap()
    }

    /// The first element that a CSS selector finds; waits for it.
    pub(crate) async fn element(&self, selector: &str) -> WebElement {
        self.driver.query(By::Css(selector)).first().await.unwrap()
    }

    /// Replaces the text of an input.
    pub(crate) async fn fill(&self, selector: &str, text: &str) {
        let input = self.element(selector).await;
        input.clear().await.unwrap();
        input.send_keys(text).await.unwrap();
    }

    /// Clicks an element that leads to another page, and waits until that page is shown.
    pub(crate) async fn follow(&self, selector: &str) {
        let page = self.element("html").await;
        self.element(selector).await.click().await.unwrap();
        page.wait_until().wait(PATIENCE, INTERVAL).stale().await.unwrap();
        self.element("body").await;
    }

    /// The text of the first element that a CSS selector finds.
    pub(crate) async fn text(&self, selector: &str) -> String {
        self.element(selector).await.text().await.unwrap()
    }

    /// Whether such an element exists now.
    pub(crate) async fn has(&self, selector: &str) -> bool {
        !self.driver.find_all(By::Css(selector)).await.unwrap().is_empty()
    }

    /// Asserts that no page violated a content security policy.
    async fn check_policies(&self) {
        let log = self.driver.browser_log().await.unwrap();
        let refused = log.iter().filter(|entry| entry.message.contains("Content Security Policy"));
        let refused: Vec<&str> = refused.map(|entry| entry.message.as_str()).collect();
        assert!(refused.is_empty(), "{refused:#?}");
    }

    /// Saves a picture of the window, and says where.
    async fn keep(&self, name: &str) {
        let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap().join("browser-failures");
        std::fs::create_dir_all(&directory).unwrap();
        let picture = directory.join(format!("{name}.png"));
        let url = self.driver.current_url().await.map_or_else(|error| error.to_string(), String::from);
        match self.driver.screenshot(&picture).await {
            Ok(()) => tell(&format!("the browser was at {url} and showed {}", picture.display())),
            Err(error) => tell(&format!("the browser was at {url} and there is no picture: {error}")),
        }
    }
}

fn capabilities(programs: &Programs, hosts: Hosts<'_>) -> ChromeCapabilities {
    let mut rules: Vec<String> =
        hosts.iter().map(|(host, address)| format!("MAP {host} {address}")).collect();
    rules.extend(["MAP * ~NOTFOUND".to_owned(), "EXCLUDE 127.0.0.1".to_owned()]);
    let mut capabilities = DesiredCapabilities::chrome();
    capabilities.set_binary(programs.chromium.to_str().unwrap()).unwrap();
    for argument in [
        "--headless",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        // The authority of the hosts' certificates was just made.
        "--ignore-certificate-errors",
        &format!("--host-resolver-rules={}", rules.join(", ")),
    ] {
        capabilities.add_arg(argument).unwrap();
    }
    capabilities.set_browser_log_level(LoggingPrefsLogLevel::All).unwrap();
    capabilities
}

/// Runs a test with a new browser. If it fails, a picture of the window is saved under the test's name.
pub(crate) async fn in_browser<T>(programs: &Programs, name: &str, hosts: Hosts<'_>, test: T)
where
    T: AsyncFnOnce(&Browser),
{
    let browser = Browser::start(programs, hosts).await;
    let checked = async {
        test(&browser).await;
        browser.check_policies().await;
    };
    let outcome = AssertUnwindSafe(checked).catch_unwind().await;
    if outcome.is_err() {
        browser.keep(name).await;
    }
    let Browser { driver, .. } = browser;
    driver.quit().await.unwrap();
    if let Err(panic) = outcome {
        std::panic::resume_unwind(panic);
    }
}

/// The name of the test that contains a closure: `walks-oauth-test` for `browser::walks::oauth::test::{{closure}}`.
pub(crate) fn name_of<T>(closure: &T) -> String {
    let path = type_name_of_val(closure).split("::").skip(1).filter(|part| !part.starts_with('{'));
    path.collect::<Vec<_>>().join("-")
}
