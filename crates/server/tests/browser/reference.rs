//! `/docs`.

use crate::{
    accessibility::assert_accessible,
    chromium::{Programs, in_browser},
    support::{Backend, Server, TestDatabase},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_reference_keeps_nobody_out() {
    let Some(programs) = Programs::find() else { return };
    in_browser(&programs, "the_reference_keeps_nobody_out", &[], async |browser| {
        let server = Server::start(TestDatabase::create(Backend::Sqlite).await.unwrap()).await;
        browser.open(&format!("http://{}/docs", server.address)).await;
        assert_accessible(browser, "the reference").await;
        server.stop().await;
    })
    .await;
}
