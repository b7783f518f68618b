//! A small product: a page of another origin that opens the installation in a popup or in its own tab, and the page to
//! which people come back.

use std::{convert::Infallible, net::SocketAddr};

use bytes::Bytes;
use http::Response;
use http_body_util::Full;
use hyper::{Request, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// The product's host. Browsers trust it without TLS.
pub(crate) const HOST: &str = "product.localhost";

/// Opens what its address names after `#`, and writes down what it hears: `told` by the popup's last page of ours, and
/// `heard` by the product's own page in the popup.
const SETTINGS: &str = r#"<!doctype html><title>Product</title><h1>Settings</h1>
<button id="popup">Connect in a popup</button> <button id="tab">Connect here</button>
<pre id="told"></pre><pre id="heard"></pre>
<script>
const target = () => decodeURIComponent(location.hash.slice(1));
document.getElementById("popup").onclick = () => open(target(), "connect", "popup,width=600,height=700");
document.getElementById("tab").onclick = () => { location.href = target(); };
addEventListener("message", (event) => {
  document.getElementById("told").textContent = event.origin + " " + JSON.stringify(event.data);
});
new BroadcastChannel("integrations").onmessage = (event) => {
  document.getElementById("heard").textContent = event.data;
};
</script>"#;

const BACK: &str = r#"<!doctype html><title>Back</title><h1>Welcome back</h1><pre id="query"></pre>
<script>
document.getElementById("query").textContent = location.search;
new BroadcastChannel("integrations").postMessage(location.search);
</script>"#;

/// A running product.
pub(crate) struct Product {
    pub(crate) address: SocketAddr,
}

impl Product {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(
                    http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)),
                );
            }
        });
        Self { address }
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Infallible> {
    let page = if request.uri().path() == "/back" { BACK } else { SETTINGS };
    let page = Response::builder().header("content-type", "text/html").body(Full::from(page));
    Ok(page.unwrap())
}
