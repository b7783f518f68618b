//! Measures the dashboard's pages: their time, and their size with all files that they load.

use std::io::Write as _;
use std::time::Instant;

use anyhow::{Context, Result, ensure};
use flate2::{Compression, write::GzEncoder};

use super::fill::{Data, organization_of, project_id};
use super::report::{Bound, Line};
use super::requests::address;
use crate::http::{self, Answer, Request};
use crate::server::PUBLIC_HOST;

/// How often each page is requested, one request at a time.
const VISITS: usize = 301;
const KILOBYTE: f64 = 1e3;
const SIGN_IN: &str = "/dashboard/sign-in";

/// The attributes with which pages load files.
const LOADED: [&str; 2] = [" href=\"/dashboard/assets/", " src=\"/dashboard/assets/"];

/// A person who is signed in.
struct Visitor {
    port: u16,
    cookies: Vec<(String, String)>,
    visits: usize,
}

/// Requests each page of a project. Adds a line with the median time of each, and one with the compressed size of the
/// largest page and all files that it loads.
///
/// The time is measured from the connection's first byte to the answer's last, on the loopback interface and without
/// other load. It is longer than the server's own time.
///
/// # Errors
/// When a page does not exist.
pub(super) fn measure(port: u16, data: &Data, lines: &mut Vec<Line>) -> Result<()> {
    let mut visitor = Visitor { port, cookies: Vec::new(), visits: 0 };
    let mut heaviest = visitor.measure_page("sign-in", SIGN_IN, lines)?;
    visitor.sign_in(&data.keys[organization_of(0)][0])?;
    let project = format!("/dashboard/projects/{}", project_id(0));
    for (name, path) in [
        ("a project", project.clone()),
        ("an installed provider", format!("{project}/integrations/shopify")),
        ("a provider to install", format!("{project}/integrations/hubspot")),
        ("the audit log", format!("{project}/audit")),
    ] {
        heaviest = heaviest.max(visitor.measure_page(name, &path, lines)?);
    }
    let what = "heaviest page with all that it loads, compressed";
    lines.push(Line::number(what, heaviest, " kB", Some(Bound::Below(60.0))));
    Ok(())
}

/// The median time of a project's page, in milliseconds.
///
/// # Errors
/// When the page does not exist.
pub(super) fn project(port: u16, data: &Data) -> Result<f64> {
    let mut visitor = Visitor { port, cookies: Vec::new(), visits: 0 };
    visitor.sign_in(&data.keys[organization_of(0)][0])?;
    Ok(visitor.time(&format!("/dashboard/projects/{}", project_id(0)))?.0)
}

impl Visitor {
    /// Requests a page many times and adds a line with its time. Returns its size in kilobytes.
    fn measure_page(&mut self, name: &str, path: &str, lines: &mut Vec<Line>) -> Result<f64> {
        let (median, page) = self.time(path)?;
        let bound = Some(Bound::Below(5.0));
        lines.push(Line::number(&format!("page of {name}, median"), median, " ms", bound));
        Ok(self.compressed_size(&page)? / KILOBYTE)
    }

    /// Requests a page many times. Returns the median time in milliseconds, and the page.
    fn time(&mut self, path: &str) -> Result<(f64, Answer)> {
        let mut times = Vec::new();
        let mut page = self.get(path)?;
        for _ in 0..VISITS {
            let started = Instant::now();
            page = self.get(path)?;
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        Ok((times[times.len() / 2], page))
    }

    fn sign_in(&mut self, key: &str) -> Result<()> {
        let page = self.get(SIGN_IN)?;
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let token = text.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        let token = token.context("the page has no form with a token")?;
        let mut request = self.request("POST", SIGN_IN);
        request.headers.push(("Content-Type", "application/x-www-form-urlencoded".into()));
        request.body = format!("csrf={token}&api_key={key}");
        let answer = self.send(&request)?;
        ensure!(answer.status == 303, "signing in was answered with {}", answer.status);
        Ok(())
    }

    /// Gets a page or a file, which must exist.
    fn get(&mut self, path: &str) -> Result<Answer> {
        let request = self.request("GET", path);
        let answer = self.send(&request)?;
        ensure!(answer.status == 200, "{path} was answered with {}", answer.status);
        Ok(answer)
    }

    /// Makes a request. Each has another client address, so that rate limits do not apply.
    fn request(&mut self, method: &'static str, path: &str) -> Request {
        self.visits += 1;
        let cookies: Vec<String> =
            self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let headers = vec![
            ("X-Forwarded-For", address(self.visits)),
            ("X-Forwarded-Host", PUBLIC_HOST.to_owned()),
            ("Cookie", cookies.join("; ")),
        ];
        Request { method, path: path.to_owned(), headers, body: String::new() }
    }

    fn send(&mut self, request: &Request) -> Result<Answer> {
        let answer = http::send(self.port, request)?;
        for (_, cookie) in answer.headers.iter().filter(|(name, _)| name == "set-cookie") {
            let pair = cookie.split(';').next().and_then(|pair| pair.split_once('='));
            let (name, value) = pair.context("a cookie without a name")?;
            self.cookies.retain(|(other, _)| other != name);
            self.cookies.push((name.to_owned(), value.to_owned()));
        }
        Ok(answer)
    }

    /// The size in bytes of a page and of the files that it loads, each compressed separately.
    fn compressed_size(&mut self, page: &Answer) -> Result<f64> {
        let text = String::from_utf8_lossy(&page.body).into_owned();
        let mut bytes = compressed(&page.body)?;
        let mut files = 0;
        for attribute in LOADED {
            for rest in text.split(attribute).skip(1) {
                let name = rest.split('"').next().unwrap_or_default();
                bytes += compressed(&self.get(&format!("/dashboard/assets/{name}"))?.body)?;
                files += 1;
            }
        }
        ensure!(files > 0, "the page loads no files: the bench looks for them at the wrong place");
        Ok(bytes as f64)
    }
}

fn compressed(bytes: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes)?;
    Ok(encoder.finish()?.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetition_weighs_little() {
        let (same, random): (Vec<u8>, Vec<u8>) = (
            vec![b'a'; 10_000],
            (0..10_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect(),
        );
        assert!(compressed(&same).unwrap() < 100);
        assert!(compressed(&random).unwrap() > compressed(&same).unwrap());
    }
}
