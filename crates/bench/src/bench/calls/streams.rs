//! Many streams through the proxy at once.

use std::net::Ipv4Addr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use riq_testing::process;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::task::JoinSet;

use crate::http::{Request, head};
use crate::plain_provider::{BETWEEN_PARTS, ENDLESS, SLOW};

/// How many streams there are.
pub(super) const STREAMS: usize = 1_000;
/// The receive buffer of a client. What the system keeps of an answer is not the server's memory, but a large buffer
/// would hide that a client is slow.
const RECEIVED_AT_A_TIME: u32 = 16 * 1024;
/// How much a slow client takes between two pauses.
const TAKEN_AT_A_TIME: usize = 4 * 1024;
/// How many begin at a time. Streams that are under way are measured, not a rush of requests.
const BEGUN_AT_A_TIME: usize = 50;
/// How much must come over each stream while all are under way.
const MORE: u64 = 2 * 1024;
/// How long all streams may take to get on.
const LIMIT: Duration = Duration::from_secs(120);
const TICK: Duration = Duration::from_millis(100);

/// What makes a stream slow.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Stream {
    /// The provider sends a kilobyte twice a second.
    SlowProvider,
    /// The provider sends as fast as it can, and the client takes four kilobytes twice a second.
    SlowClient,
}

impl Stream {
    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::SlowProvider => "the provider slow",
            Self::SlowClient => "the client slow",
        }
    }

    /// The path of the answer at the provider.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::SlowProvider => SLOW,
            Self::SlowClient => ENDLESS,
        }
    }
}

/// Sends each of the requests over a connection of its own, takes their answers for some seconds, and then calls
/// `measure`. All streams must go on meanwhile.
///
/// # Errors
/// When a stream ends or gets stuck.
pub(super) fn hold<T>(
    port: u16,
    stream: Stream,
    requests: Vec<Request>,
    seconds: u32,
    measure: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    runtime.block_on(async {
        let mut streams = Streams { read: Vec::new(), tasks: JoinSet::new() };
        let mut requests = requests.into_iter();
        while requests.len() > 0 {
            for request in requests.by_ref().take(BEGUN_AT_A_TIME) {
                let read = Arc::new(AtomicU64::new(0));
                streams.read.push(Arc::clone(&read));
                streams.tasks.spawn(async move { take(port, stream, &request, &read).await });
            }
            streams.wait_for(&vec![1; streams.read.len()]).await?;
        }
        tokio::time::sleep(Duration::from_secs(seconds.into())).await;
        let more: Vec<u64> = streams.counts().map(|count| count + MORE).collect();
        streams.wait_for(&more).await?;
        measure()
    })
}

/// The streams that are under way.
struct Streams {
    /// How many bytes have come over each.
    read: Vec<Arc<AtomicU64>>,
    tasks: JoinSet<Result<()>>,
}

impl Streams {
    fn counts(&self) -> impl Iterator<Item = u64> {
        self.read.iter().map(|count| count.load(Ordering::Relaxed))
    }

    /// Waits until that many bytes have come over each stream.
    async fn wait_for(&mut self, bytes: &[u64]) -> Result<()> {
        let began = Instant::now();
        loop {
            process::check_interrupted()?;
            if let Some(ended) = self.tasks.try_join_next() {
                ended?.context("a stream ended")?;
            }
            let behind = self.counts().zip(bytes).filter(|(count, bytes)| count < bytes).count();
            if behind == 0 {
                return Ok(());
            }
            ensure!(began.elapsed() < LIMIT, "{behind} streams do not get on");
            tokio::time::sleep(TICK).await;
        }
    }
}

/// Sends a request, and takes its answer until it ends.
async fn take(port: u16, stream: Stream, request: &Request, read: &AtomicU64) -> Result<()> {
    let socket = TcpSocket::new_v4()?;
    socket.set_recv_buffer_size(RECEIVED_AT_A_TIME)?;
    let mut connection = socket.connect((Ipv4Addr::LOCALHOST, port).into()).await?;
    connection.write_all(&head(port, request, "keep-alive")).await?;
    let mut buffer = [0; TAKEN_AT_A_TIME];
    let mut is_first = true;
    loop {
        let count = connection.read(&mut buffer).await?;
        let told = || String::from_utf8_lossy(&buffer[..count]).into_owned();
        ensure!(!is_first || buffer.starts_with(b"HTTP/1.1 200 "), "it was answered with {}", told());
        ensure!(count > 0, "it came to its end");
        is_first = false;
        read.fetch_add(count as u64, Ordering::Relaxed);
        if stream == Stream::SlowClient {
            tokio::time::sleep(BETWEEN_PARTS).await;
        }
    }
}
