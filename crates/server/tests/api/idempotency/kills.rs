//! Servers that are killed while they work on requests with an `Idempotency-Key`.

use std::sync::Arc;

use tokio::{sync::Semaphore, time::timeout};

use super::{HEADER, PATIENCE, link, links};
use crate::{
    crash::{Tenancy, prepare},
    support::{Answer, Backend, TestDatabase, eventually, process::Process, server::client},
};

on_both_databases!(killed_at_any_moment_each_request_is_made_once);

const APPS: [(&str, &str); 2] =
    [("RIQ_OAUTH_SLACK_CLIENT_ID", "id"), ("RIQ_OAUTH_SLACK_CLIENT_SECRET", "SECRET-of-slack")];

/// The whole answer to a request, if one came.
async fn answer_to(request: reqwest::RequestBuilder) -> Option<Answer> {
    let response = request.send().await.ok()?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Some(Answer::check(status, headers, response.text().await.ok()?, true))
}

/// Asks for an install URL again and again, each time with a new key, until the server is gone. Returns the keys that
/// were sent, with the URL of those that were answered, and gives a permit for each of these.
async fn hail(
    request: reqwest::RequestBuilder,
    name: String,
    answered: Arc<Semaphore>,
) -> Vec<(String, Option<String>)> {
    let mut asked = Vec::new();
    for number in 0.. {
        let name = format!("{name}-{number}");
        let answer = answer_to(request.try_clone().unwrap().header(HEADER, &name)).await;
        let is_gone = answer.is_none();
        // A busy database is no answer either.
        let url = answer.filter(|answer| answer.status != 503).map(|answer| link(&answer).0);
        answered.add_permits(usize::from(url.is_some()));
        asked.push((name, url));
        if is_gone {
            break;
        }
    }
    asked
}

fn install_url_at(process: &Process, tenancy: &Tenancy) -> String {
    format!("http://{}/api/v1/projects/{}/integrations/slack/install-url", process.address, tenancy.project)
}

async fn killed_at_any_moment_each_request_is_made_once(database: &TestDatabase) {
    let tenancy = prepare(database).await;
    // Made once: it takes long to make one.
    let clients = [(); 4].map(|()| client());
    let request = |client: &reqwest::Client, process: &Process| {
        client.post(install_url_at(process, &tenancy)).header("x-api-key", &tenancy.key)
    };
    let mut asked = Vec::new();
    for round in 0..4_u32 {
        let mut process = Process::serve_migrated(database, &APPS);
        let answered = Arc::new(Semaphore::new(0));
        let hails: Vec<_> = clients
            .iter()
            .enumerate()
            .map(|(number, client)| {
                let name = format!("{round}-{number}");
                tokio::spawn(hail(request(client, &process), name, Arc::clone(&answered)))
            })
            .collect();
        // One was just answered, and the others are at any moment of theirs.
        let enough = timeout(PATIENCE, answered.acquire_many(10 + round)).await;
        drop(enough.expect("links are made").unwrap());
        process.kill();
        for hail in hails {
            asked.extend(hail.await.unwrap());
        }
    }
    assert!(asked.iter().filter(|(_, url)| url.is_none()).count() >= 16, "each was cut off each time");
    // Whether or not a request was cut off: its repeat has one link, and is a repeat if the link was there.
    let process = Process::serve_migrated(database, &APPS);
    for (name, url) in &asked {
        let answer = answer_to(request(&clients[0], &process).header(HEADER, name)).await.unwrap();
        let (again, is_repeat) = link(&answer);
        assert!(url.as_ref().is_none_or(|url| *url == again && is_repeat), "{name}");
    }
    assert_eq!(links(&database.open().await).await, asked.len() as i64);
}

/// The server dies in its transaction, after it has taken the key and before the change.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_between_the_key_and_the_change_it_was_never_there() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let tenancy = prepare(&database).await;
    let (mut one, other) =
        (Process::serve_migrated(&database, &APPS), Process::serve_migrated(&database, &APPS));
    let sql = database.open().await;
    let lock = database.lock("LOCK TABLE install_links IN EXCLUSIVE MODE").await;
    let send = |process: &Process| {
        let request = client().post(install_url_at(process, &tenancy)).header("x-api-key", &tenancy.key);
        request.header(HEADER, "k").send()
    };
    let cut = tokio::spawn(send(&one));
    eventually("it waits to make the link", PATIENCE, async || {
        sql.waiting_with("INSERT INTO \"install_links\"%").await == 1
    })
    .await;
    // While the first is under way, the other replica neither waits for it nor makes the change.
    let conflict = Answer::read(send(&other).await.unwrap()).await;
    conflict.refused(409, "IDEMPOTENCY_CONFLICT");
    one.kill();
    assert!(cut.await.unwrap().is_err());
    lock.release().await;
    // PostgreSQL notices that the client of the transaction is gone.
    let mut last = None;
    eventually("the repeat is made", PATIENCE, async || {
        let answer = Answer::read(send(&other).await.unwrap()).await;
        let is_made = answer.status == 200;
        last = Some(answer);
        is_made
    })
    .await;
    assert!(!link(&last.unwrap()).1);
    assert_eq!(links(&sql).await, 1);
}
