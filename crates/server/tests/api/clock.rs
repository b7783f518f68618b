//! The clock of the machine is set while the program runs. `faketime` (Debian's libfaketime) does that to one program.

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    crash,
    support::{
        Answer, Backend, TestDatabase,
        database::tell,
        eventually,
        process::{Process, run},
        server::client,
    },
};

/// How long something may take before a test fails.
const PATIENCE: Duration = Duration::from_secs(20);

/// The library for programs with several threads.
fn faketime() -> Option<PathBuf> {
    let directories = fs::read_dir("/usr/lib").into_iter().flatten().flatten().map(|entry| entry.path());
    let library = |directory: PathBuf| directory.join("faketime/libfaketimeMT.so.1");
    let found = directories.map(library).find(|library| library.is_file());
    if found.is_none() {
        tell("SKIPPED: faketime is not installed (`cargo xtask test` installs it)");
    }
    found
}

/// Writes a file that another program may read at any moment.
fn replace(file: &Path, text: &str) {
    let beside = file.with_extension("new");
    fs::write(&beside, text).unwrap();
    fs::rename(beside, file).unwrap();
}

fn number(answer: &Answer, name: &str) -> i64 {
    answer.header(name).unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_shuts_nobody_out() {
    let Some(library) = faketime() else { return };
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let tenancy = crash::prepare(&database).await;
    let admin = [("DATABASE_URL", database.url.as_str())];
    let keys = run(&["admin", "key", "list", "--json"], &admin).await.json();
    let key = keys[0]["id"].as_str().unwrap().to_owned();
    assert!(run(&["admin", "key", "set-tier", &key, "starter"], &admin).await.success);
    let offset = database.path("offset");
    replace(&offset, "+0");
    let process = Process::serve(
        &database,
        &[
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", offset.to_str().unwrap()),
            ("FAKETIME_NO_CACHE", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("DONT_FAKE_MONOTONIC", "1"),
        ],
    )
    .await;
    let client = client();
    let ask = async || {
        let url = format!("http://{}/api/v1/projects/{}/integrations", process.address, tenancy.project);
        Answer::read(client.get(url).header("x-api-key", &tenancy.key).send().await.unwrap()).await
    };
    let before = ask().await;
    assert_eq!(number(&before, "x-ratelimit-limit"), 600);
    while ask().await.status == 200 {}
    let refused = ask().await;
    refused.refused(429, "RATE_LIMITED");
    replace(&offset, "-2h");
    // The clock on the wall is set: the reset is told by it.
    let reset = number(&refused, "x-ratelimit-reset");
    eventually("the clock is set back", PATIENCE, async || {
        number(&ask().await, "x-ratelimit-reset") < reset - 7_000
    })
    .await;
    let refused = ask().await;
    let wait = refused.refused(429, "RATE_LIMITED").body["retry_after"].as_i64().unwrap();
    assert!(wait <= 61, "{wait}");

    // The cache of keys is as fresh as before: the end of a key is known at once, and its other clock does not matter.
    assert!(run(&["admin", "key", "revoke", "--yes", &key], &admin).await.success);
    eventually("the key is refused", PATIENCE, async || ask().await.status == 401).await;
}
