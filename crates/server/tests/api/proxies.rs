//! nginx between clients and the server, with the settings that the documentation gives for it.

use std::net::{Ipv4Addr, SocketAddr};

use reqwest::{RequestBuilder, Response, redirect::Policy};
use riq_testing::{
    nginx::{Nginx, PROGRAM},
    programs::find_program,
};
use serde_json::json;

use crate::{
    crash::{self, Tenancy},
    support::{Answer, Backend, TestDatabase, database::tell, process::Process, server::client_builder},
};

const NETWORK: &str = include_str!("../../../../docs/setup/network.md");
const HOST: &str = "riq.example";

/// The `location` that the documentation gives, with this server behind it.
fn documented(server: SocketAddr) -> String {
    let start = NETWORK.find("```nginx\n").unwrap() + "```nginx\n".len();
    let block = NETWORK[start..].split("```").next().unwrap();
    assert!(block.contains("proxy_pass http://10.0.0.5:8080;"), "{block}");
    block.replace("10.0.0.5:8080", &server.to_string())
}

/// A server behind nginx.
struct Stage {
    process: Process,
    nginx: Nginx,
    tenancy: Tenancy,
}

impl Stage {
    async fn set() -> Option<Self> {
        let Some(program) = find_program(PROGRAM) else {
            tell("SKIPPED: nginx is not on PATH (`cargo xtask test` installs it)");
            return None;
        };
        let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
        let tenancy = crash::prepare(&database).await;
        let settings = [
            ("RIQ_PUBLIC_URL", "https://riq.example"),
            ("RIQ_TRUSTED_PROXIES", "127.0.0.1/32"),
            ("RIQ_FORWARDED_HEADER", "x-forwarded-for"),
        ];
        let process = Process::serve(&database, &settings).await;
        let nginx = Nginx::start(&program, &documented(process.address)).unwrap();
        Some(Self { process, nginx, tenancy })
    }

    fn proxy(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.nginx.port()))
    }

    /// A request for an integration, with the key, through nginx.
    fn call(&self, method: &str, rest: &str) -> RequestBuilder {
        let path = format!("/api/v1/projects/{}/integrations/{rest}", self.tenancy.project);
        from(2, method, self.proxy(), &path, HOST).header("x-api-key", &self.tenancy.key)
    }
}

/// A request of the machine with this last part of its address.
fn from(machine: u8, method: &str, to: SocketAddr, path: &str, host: &str) -> RequestBuilder {
    let address = Ipv4Addr::new(127, 0, 0, machine);
    let client =
        client_builder().local_address(Some(address.into())).redirect(Policy::none()).build().unwrap();
    client.request(method.parse().unwrap(), format!("http://{to}{path}")).header("host", host)
}

fn header<'a>(response: &'a Response, name: &str) -> Option<&'a str> {
    let mut values = response.headers().get_all(name).iter();
    let value = values.next().map(|value| value.to_str().unwrap());
    assert_eq!(values.next(), None, "{name} is there twice");
    value
}

/// nginx makes the tag of what it compresses weak.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_that_nginx_made_weak_is_that_of_its_version() {
    let Some(stage) = Stage::set().await else { return };
    let compressed = stage.call("GET", "slack").header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!((compressed.status().as_u16(), header(&compressed, "content-encoding")), (200, Some("gzip")));
    let tag = header(&compressed, "etag").unwrap().to_owned();
    assert_eq!(tag, "W/\"v1\"");
    let direct = stage.process.address;
    let path = format!("/api/v1/projects/{}/integrations/slack", stage.tenancy.project);
    let own = from(2, "GET", direct, &path, HOST).header("x-api-key", &stage.tenancy.key);
    let own = own.header("accept-encoding", "gzip").send().await.unwrap();
    assert_eq!(header(&own, "etag"), Some("\"v1\""), "the server itself sent it strong");
    let known = stage.call("GET", "slack").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!(known.status(), 304);
    for status in [200, 412] {
        let change = stage.call("PATCH", "slack/lifecycle").header("if-match", &tag);
        let changed = Answer::read(change.json(&json!({"status": "paused"})).send().await.unwrap()).await;
        assert_eq!(changed.status, status, "{changed:?}");
    }
    let changed = stage.call("GET", "slack").header("if-none-match", &tag).send().await.unwrap();
    assert_eq!((changed.status().as_u16(), header(&changed, "etag")), (200, Some("\"v2\"")));
}

/// Whatever a client says of itself, it counts as the address from which it reached the proxy.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_behind_nginx_is_whom_nginx_names() {
    let Some(stage) = Stage::set().await else { return };
    let left = async |machine: u8, to: SocketAddr, said: &[(&str, &str)]| -> u64 {
        let request = from(machine, "GET", to, "/api/v1/projects/prj_1/integrations", HOST);
        let request = said.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = Answer::read(request.send().await.unwrap()).await;
        answer.refused(401, "UNAUTHORIZED");
        answer.header("x-ratelimit-remaining").unwrap().parse().unwrap()
    };
    let (proxy, direct) = (stage.proxy(), stage.process.address);
    let whole = left(2, proxy, &[]).await;
    for (number, said) in (1..).zip([
        ("forwarded", "for=198.51.100.7"),
        ("x-forwarded-for", "198.51.100.7"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "198.51.100.7"),
    ]) {
        assert_eq!(left(2, proxy, &[said]).await, whole - number, "{said:?}");
    }
    assert_eq!(left(3, proxy, &[]).await, whole, "another client has its own limit");
    // Who reaches the server without the proxy is believed nothing.
    assert_eq!(left(4, direct, &[("x-forwarded-for", "127.0.0.2")]).await, whole);
    assert_eq!(left(4, direct, &[("x-forwarded-for", "127.0.0.3")]).await, whole - 1);
    assert_eq!(left(2, proxy, &[]).await, whole - 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn hosts_request_ids_and_hsts_pass_nginx() {
    let Some(stage) = Stage::set().await else { return };
    let ask = async |path: &str, host: &str| from(2, "GET", stage.proxy(), path, host).send().await.unwrap();
    let page = ask("/dashboard/sign-in", HOST).await;
    assert_eq!(page.status(), 200);
    assert_eq!(header(&page, "strict-transport-security"), Some("max-age=31536000"));
    assert_eq!(header(&page, "x-request-id").map(str::len), Some(32), "it is nginx's");
    let elsewhere = ask("/dashboard/sign-in", "evil.example").await;
    let public = "https://riq.example/dashboard/sign-in?moved=1";
    assert_eq!((elsewhere.status().as_u16(), header(&elsewhere, "location")), (303, Some(public)));
    for (path, status) in
        [("/metrics", 400), ("/docs", 400), ("/healthz", 200), ("/api/v1/openapi.json", 200)]
    {
        assert_eq!(ask(path, "evil.example").await.status(), status, "{path}");
    }
}
