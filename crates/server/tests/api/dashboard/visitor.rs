//! A simple browser for the dashboard: it keeps cookies, follows redirects when told to, and fills in the forms of a
//! page.

use std::{collections::BTreeMap, sync::Mutex};

use integrations_core::ids::UserId;
use reqwest::{
    RequestBuilder, Response,
    header::{HeaderMap, SET_COOKIE},
};

use time::Duration;
use url::Url;

use riq_server::edge::settings::cookie_suffix;

use crate::support::{Server, hidden};

/// A page or a redirect, checked against the rules for every answer of the dashboard.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
}

impl Page {
    async fn read(response: Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let page = Self { status, headers, text: response.text().await.unwrap() };
        page.check();
        page
    }

    fn check(&self) {
        hidden::assert_not_in(&self.text, "a page");
        hidden::assert_not_in(&format!("{:?}", self.headers), "a page's head");
        let expected = [
            ("x-frame-options", "DENY"),
            ("referrer-policy", "no-referrer"),
            ("x-content-type-options", "nosniff"),
            ("cache-control", "no-store"),
        ];
        for (name, value) in expected {
            assert_eq!(self.header(name), Some(value), "{name}: {self:?}");
        }
        match self.header("cross-origin-opener-policy") {
            // A redirect would part every page behind it from its opener.
            None => assert_eq!(self.status, 303, "{self:?}"),
            Some("same-origin") => {}
            // A page that leads back to a product. Nobody is signed in on it.
            other => {
                assert_eq!(other, Some("unsafe-none"), "{self:?}");
                assert!(!self.text.contains("/sign-out"), "{self:?}");
            }
        }
        let policy = self.header("content-security-policy").unwrap();
        for rule in ["default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
        {
            assert!(policy.split("; ").any(|one| one == rule), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");
        assert!(self.header("x-request-id").is_some(), "{self:?}");
        if !self.text.is_empty() {
            assert_eq!(self.header("content-type"), Some("text/html; charset=utf-8"), "{self:?}");
        }
        if self.status >= 400 {
            assert!(self.text.contains("<h1"), "an error must be a page: {self:?}");
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Asserts that it is a page with this status and this text.
    #[track_caller]
    pub(crate) fn says(&self, status: u16, words: &str) -> &Self {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.words().contains(words), "\"{words}\" is not on the page: {}", self.words());
        self
    }

    /// Asserts that it redirects to this address.
    #[track_caller]
    pub(crate) fn leads_to(&self, address: &str) -> &Self {
        assert_eq!((self.status, self.header("location")), (303, Some(address)), "{self:?}");
        self
    }

    /// The whole cookies that it sets.
    pub(crate) fn cookies(&self) -> Vec<&str> {
        self.headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().unwrap()).collect()
    }

    /// The text that a person reads: without tags, and with blanks joined.
    pub(crate) fn words(&self) -> String {
        let mut words = String::new();
        let mut in_tag = false;
        for letter in self.text.chars() {
            match letter {
                '<' => in_tag = true,
                '>' => {
                    in_tag = false;
                    words.push(' ');
                }
                _ if in_tag => {}
                _ => words.push(letter),
            }
        }
        unescape(&words.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// The unchanged fields of the form whose address ends like this, as a browser would send them.
    #[track_caller]
    pub(crate) fn form(&self, action: &str) -> Form {
        let forms = self.text.split("<form").skip(1).map(|rest| rest.split("</form>").next().unwrap());
        let mut found = forms.filter(|form| attribute(form, "action").is_some_and(|to| to.ends_with(action)));
        let form = found.next().unwrap_or_else(|| panic!("no form to {action}: {}", self.text));
        Form { action: attribute(form, "action").unwrap(), fields: fields(form) }
    }
}

impl Page {
    /// Whether there is a form whose address ends like this.
    pub(crate) fn has_form(&self, action: &str) -> bool {
        self.text.contains(&format!("{action}\" data-once"))
    }

    /// The error message beside a field.
    pub(crate) fn problem(&self, field: &str) -> Option<String> {
        let rest = self.text.split(&format!(" id=\"{field}-problem\">")).nth(1)?;
        Some(unescape(rest.split('<').next()?))
    }
}

/// A form that is not sent yet.
#[derive(Clone, Debug)]
pub(crate) struct Form {
    pub(crate) action: String,
    pub(crate) fields: Vec<(String, String)>,
}

impl Form {
    /// Fills in a field or ticks a box.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self = self.without(name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Removes a field, as for a box that is not ticked.
    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(one, _)| one != name);
        self
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str())
    }

    fn body(&self) -> String {
        url::form_urlencoded::Serializer::new(String::new()).extend_pairs(&self.fields).finish()
    }
}

fn attribute(tag: &str, name: &str) -> Option<String> {
    let rest = tag.split(&format!(" {name}=\"")).nth(1)?;
    Some(unescape(rest.split('"').next()?))
}

fn unescape(text: &str) -> String {
    text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&")
}

fn fields(form: &str) -> Vec<(String, String)> {
    let mut fields = Vec::new();
    for part in form.split('<').skip(1) {
        let (tag, after) = part.split_once('>').unwrap_or((part, ""));
        let Some(name) = attribute(tag, "name") else { continue };
        let kind = attribute(tag, "type").unwrap_or_default();
        let value = match tag.split([' ', '\n']).next().unwrap() {
            "input" if matches!(&*kind, "checkbox" | "radio") && !tag.contains(" checked") => continue,
            "input" => attribute(tag, "value").unwrap_or_default(),
            "textarea" => unescape(after.strip_prefix('\n').unwrap_or(after)),
            "select" => chosen(form, &name),
            _ => continue,
        };
        if !tag.contains(" disabled") {
            fields.push((name, value));
        }
    }
    fields
}

fn chosen(form: &str, name: &str) -> String {
    let select = form.split("<select").find(|one| attribute(one, "name").as_deref() == Some(name)).unwrap();
    let options: Vec<&str> = select.split("</select>").next().unwrap().split("<option").skip(1).collect();
    let tags = || options.iter().map(|one| one.split('>').next().unwrap());
    let tag = tags().find(|tag| tag.contains(" selected")).or_else(|| tags().next()).unwrap();
    attribute(tag, "value").unwrap_or_default()
}

/// A person's browser.
pub(crate) struct Visitor<'s> {
    server: &'s Server,
    client: reqwest::Client,
    /// The host that the browser asks for, if it is not the server's address.
    host: Option<&'static str>,
    /// Name → value, and the path that the cookie is sent to.
    cookies: Mutex<BTreeMap<String, (String, String)>>,
}

impl<'s> Visitor<'s> {
    /// A browser without cookies.
    pub(crate) fn new(server: &'s Server) -> Self {
        // The client needs a TLS provider.
        drop(crate::support::server::client());
        let client = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        Self { server, client: client.build().unwrap(), host: None, cookies: Mutex::default() }
    }

    /// The same browser, which reaches the server under this host.
    pub(crate) fn under(self, host: &'static str) -> Self {
        Self { host: Some(host), ..self }
    }

    /// A browser that is signed in with the server's key.
    pub(crate) async fn signed_in(server: &'s Server) -> Self {
        Self::signed_in_with(server, &server.key.text).await
    }

    /// A browser that is signed in with this key.
    pub(crate) async fn signed_in_with(server: &'s Server, key: &str) -> Self {
        let visitor = Self::new(server);
        visitor.sign_in(key).await.leads_to("/dashboard");
        visitor
    }

    /// A browser in which a person is signed in.
    pub(crate) async fn signed_in_as(server: &'s Server, user: UserId) -> Self {
        let visitor = Self::new(server);
        visitor.plant("riq_session", &server.session_of(user).await);
        visitor
    }

    /// Tries to sign in.
    pub(crate) async fn sign_in(&self, key: &str) -> Page {
        let page = self.get("/dashboard/sign-in").await;
        self.submit(&page.form("/sign-in").with("api_key", key)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Page {
        self.get_with(path, |request| request).await
    }

    /// Requests a page with these headers.
    pub(crate) async fn get_with(
        &self,
        path: &str,
        headers: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        self.send(headers(self.request("GET", path))).await
    }

    /// Requests the head of a page.
    pub(crate) async fn head(&self, path: &str) -> Page {
        self.send(self.request("HEAD", path)).await
    }

    /// Sends a form from another site's page.
    pub(crate) async fn post(&self, path: &str, body: String) -> Page {
        let request = self.request("POST", path).header("content-type", "application/x-www-form-urlencoded");
        self.send(request.header("origin", "https://provider.example").body(body)).await
    }

    /// Returns from a provider, to the address that shows the result.
    pub(crate) async fn come_back(&self, back: &Url) -> Page {
        let arrived = self.get(&format!("{}?{}", back.path(), back.query().unwrap())).await;
        let shows_result =
            arrived.header("location").is_some_and(|to| to.starts_with("/dashboard/installs/"));
        if shows_result { self.follow(&arrived).await } else { arrived }
    }

    /// The same browser at another server on the same host: a replica, or one with another address.
    pub(crate) fn at<'o>(&self, server: &'o Server) -> Visitor<'o> {
        let cookies = Mutex::new(self.cookies.lock().unwrap().clone());
        Visitor { server, client: self.client.clone(), host: self.host, cookies }
    }

    /// Sends a form from the page that it was on.
    pub(crate) async fn submit(&self, form: &Form) -> Page {
        self.submit_with(form, |request| {
            request.header("sec-fetch-site", "same-origin").header("origin", "null")
        })
        .await
    }

    /// Sends a form with these headers.
    pub(crate) async fn submit_with(
        &self,
        form: &Form,
        headers: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Page {
        // Moves the clock, so that changes of successive forms have different times.
        self.server.clock.advance(Duration::seconds(1));
        let request = self.request("POST", &form.action);
        let request = request.header("content-type", "application/x-www-form-urlencoded").body(form.body());
        self.send(headers(request)).await
    }

    /// The page that a redirect leads to.
    pub(crate) async fn follow(&self, page: &Page) -> Page {
        assert_eq!(page.status, 303, "{page:?}");
        self.get(page.header("location").unwrap()).await
    }

    /// The page of a provider.
    pub(crate) async fn provider(&self, provider: &str) -> Page {
        self.get(&self.server.page(provider)).await
    }

    /// A cookie, by its name without the end that tells servers on one host apart.
    pub(crate) fn cookie(&self, name: &str) -> Option<String> {
        let cookies = self.cookies.lock().unwrap();
        let of_name = |full: &str| full.rsplit_once('_').is_some_and(|(begin, _)| begin == name);
        cookies.iter().find(|(full, _)| of_name(full)).map(|(_, (value, _))| value.clone())
    }

    /// The full name of a cookie of the server, which has its default public URL.
    pub(crate) fn full_name(&self, name: &str) -> String {
        let url = format!("http://{}", self.server.address).parse().unwrap();
        format!("{name}_{}", cookie_suffix(&url))
    }

    /// Puts a cookie into the browser, as an attacker might.
    pub(crate) fn plant(&self, name: &str, value: &str) {
        self.cookies.lock().unwrap().insert(self.full_name(name), (value.to_owned(), "/".to_owned()));
    }

    /// A request with the cookies, not sent yet.
    pub(crate) fn request(&self, method: &str, path: &str) -> RequestBuilder {
        let request =
            self.client.request(method.parse().unwrap(), format!("http://{}{path}", self.server.address));
        let request = match self.host {
            Some(host) => request.header("host", host),
            None => request,
        };
        let path = path.split('?').next().unwrap();
        let goes_along =
            |place: &str| path == place || path.starts_with(&format!("{}/", place.trim_end_matches('/')));
        let cookies = self.cookies.lock().unwrap();
        let along = cookies.iter().filter(|(_, (_, place))| goes_along(place));
        let line: Vec<String> = along.map(|(name, (value, _))| format!("{name}={value}")).collect();
        if line.is_empty() { request } else { request.header("cookie", line.join("; ")) }
    }

    async fn send(&self, request: RequestBuilder) -> Page {
        let page = Page::read(request.send().await.unwrap()).await;
        let mut cookies = self.cookies.lock().unwrap();
        for cookie in page.cookies() {
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            let place = cookie.split("; Path=").nth(1).unwrap().split(';').next().unwrap();
            if cookie.contains("Max-Age=0") {
                cookies.remove(name);
            } else {
                cookies.insert(name.to_owned(), (value.to_owned(), place.to_owned()));
            }
        }
        drop(cookies);
        page
    }
}

impl Server {
    /// The address of a provider's page in the server's project.
    pub(crate) fn page(&self, provider: &str) -> String {
        format!("{}/integrations/{provider}", self.pages())
    }

    /// The address of the project's page.
    pub(crate) fn pages(&self) -> String {
        format!("/dashboard/projects/{}", self.project)
    }
}
