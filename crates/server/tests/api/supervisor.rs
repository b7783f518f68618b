//! What a supervisor and a container see of the server: the messages to systemd, and the health check.

use std::{os::unix::net::UnixDatagram, time::Duration};

use crate::support::{
    Backend, TestDatabase,
    process::{Process, run},
};

/// How long a message may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

fn next(socket: &UnixDatagram) -> String {
    let mut message = [0; 128];
    let length = socket.recv(&mut message).unwrap();
    String::from_utf8_lossy(&message[..length]).into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_supervisor_is_told_of_start_life_and_stop() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let path = database.path("notify");
    let socket = UnixDatagram::bind(&path).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let environment = [("NOTIFY_SOCKET", path.to_str().unwrap()), ("WATCHDOG_USEC", "100000")];
    let mut process = Process::serve(&database, &environment).await;
    assert_eq!([next(&socket), next(&socket), next(&socket)], ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]);
    process.terminate();
    let last = std::iter::repeat_with(|| next(&socket)).find(|message| message != "WATCHDOG=1").unwrap();
    assert_eq!(last, "STOPPING=1\nEXTEND_TIMEOUT_USEC=75000000");
    assert_eq!(process.wait().code(), Some(0));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_health_check_says_whether_the_server_is_ready() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let mut process = Process::serve(&database, &[]).await;
    let address = process.address.to_string();
    let check = async || run(&["healthcheck"], &[("RIQ_BIND", &address)]).await;
    assert_eq!(check().await.stdout_of_success(), "");
    let sql = database.open().await;
    sql.execute("DELETE FROM seaql_migrations WHERE version = 'm0002_installation'", []).await;
    check().await.failed_with("is not ready: The database's schema is not up to date");
    process.terminate();
    process.wait();
    let finished = check().await;
    finished.failed_with("no server answers at").failed_with(&address);
    assert_eq!(finished.status, Some(1));
    run(&["healthcheck"], &[("RIQ_BIND", "127.0.0.1:0")]).await.failed_with("set RIQ_BIND to a port");
}
