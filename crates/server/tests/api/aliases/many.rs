//! Twelve accounts of a provider are read with as many statements as one.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
};
use url::Url;

use crate::{
    dashboard::visitor::Visitor,
    support::{Backend, Server, TestDatabase},
};

/// Stands between a server and PostgreSQL, and counts the statements over integrations that are run.
struct Relay {
    address: SocketAddr,
    run: Arc<AtomicU64>,
}

impl Relay {
    async fn before(database: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, run) = (listener.local_addr().unwrap(), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&run);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(database).await.unwrap();
                // Or each message waits for the acknowledgement of the one before, up to 40 ms.
                for socket in [&client, &server] {
                    socket.set_nodelay(true).unwrap();
                }
                let ((from_client, mut to_client), (mut from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(forward(from_client, to_server, Arc::clone(&counter)));
                tokio::spawn(async move { tokio::io::copy(&mut from_server, &mut to_client).await });
            }
        });
        Self { address, run }
    }
}

/// Forwards a client's messages. PostgreSQL's protocol has a type before the length of each, but for those before the
/// session has begun.
async fn forward(mut client: OwnedReadHalf, mut server: OwnedWriteHalf, run: Arc<AtomicU64>) {
    const STARTUP: [u8; 4] = 196_608_u32.to_be_bytes();
    let (mut has_begun, mut statements) = (false, HashMap::new());
    loop {
        let kind = if has_begun { client.read_u8().await } else { Ok(0) };
        let (Ok(kind), Ok(length)) = (kind, client.read_u32().await) else { return };
        let mut body = vec![0; length as usize - 4];
        if client.read_exact(&mut body).await.is_err() {
            return;
        }
        let mut texts = body.split(|byte| *byte == 0).map(|text| String::from_utf8_lossy(text).into_owned());
        match (kind, texts.next(), texts.next()) {
            (b'P', Some(name), Some(sql)) => drop(statements.insert(name, sql)),
            (b'B', _, Some(name)) if statements[&name].contains("integrations") => {
                run.fetch_add(1, Ordering::SeqCst);
            }
            _ => {}
        }
        let head = if has_begun { vec![kind] } else { Vec::new() };
        has_begun |= body.starts_with(&STARTUP);
        let message = [head, length.to_be_bytes().to_vec(), body].concat();
        if server.write_all(&message).await.is_err() {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn twelve_accounts_cost_no_more_statements_than_one() {
    let Some(database) = TestDatabase::create(Backend::Postgres).await else { return };
    let mut url: Url = database.url.parse().unwrap();
    let place = url.socket_addrs(|| Some(5432)).unwrap()[0];
    let relay = Relay::before(place).await;
    url.set_port(Some(relay.address.port())).unwrap();
    url.set_host(Some("127.0.0.1")).unwrap();
    let server = Server::start(TestDatabase::at(url.into())).await;
    let visitor = Visitor::signed_in(&server).await;
    let counts = async || {
        let mut counts = Vec::new();
        for rest in ["", "/catalog", "/catalog/slack", "/slack"] {
            let before = relay.run.load(Ordering::SeqCst);
            server.get(rest).await.data();
            counts.push((rest.to_owned(), relay.run.load(Ordering::SeqCst) - before));
        }
        for page in [server.pages(), server.page("slack")] {
            let before = relay.run.load(Ordering::SeqCst);
            assert_eq!(visitor.get(&page).await.status, 200);
            counts.push((page, relay.run.load(Ordering::SeqCst) - before));
        }
        counts
    };
    server.install("slack").await;
    let with_one = counts().await;
    assert!(with_one.iter().all(|(_, count)| (1..=4).contains(count)), "{with_one:?}");
    for number in 1..12 {
        server.install(&format!("slack~{number}")).await;
    }
    assert_eq!(server.get("").await.data().as_array().unwrap().len(), 12);
    assert_eq!(counts().await, with_one);
    server.stop().await;
}
