//! Rate limits that several replicas share through Redis, and what happens without Redis.

use std::time::Duration;

use integrations_core::tier::Tier;
use riq_server::edge::settings::HttpSettings;
use riq_testing::certificates::{Authority, Certificate};

use tokio::net::{TcpListener, TcpStream};

use crate::support::{
    Answer, Backend, Server, TestDatabase, eventually, hidden,
    process::Process,
    redis::Redis,
    server::{Key, Plan},
};

/// How long a server may take to connect to Redis, or to notice that it is away.
const PATIENCE: Duration = Duration::from_secs(30);
/// The log's lines when Redis is away, and when it is connected.
const AWAY: &str = "Redis is away: this replica counts requests by itself";
const SHARED: &str = "rate limits are shared with the other replicas";

/// Two replicas that share a Redis. They wait for it long enough that it is never too slow.
async fn sharing(redis: &Redis) -> (Server, Server) {
    let url = redis.url();
    let set = |settings: &mut HttpSettings| {
        settings.redis = Some(url.parse().unwrap());
        settings.redis_patience = Duration::from_secs(20);
        settings.anonymous_limit = 20;
    };
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let one = Server::start_with(database, Plan::default(), set).await;
    let other = one.replica(set).await;
    for server in [&one, &other] {
        eventually("limits are shared", PATIENCE, async || server.shares_limits()).await;
    }
    (one, other)
}

fn remaining(answer: &Answer) -> i64 {
    answer.header("x-ratelimit-remaining").unwrap().parse().unwrap()
}

async fn ask(server: &Server, key: &Key) -> Answer {
    server.call_as(&key.text, "GET", &server.at("")).send().await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_share_one_limit_exactly() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = sharing(&redis).await;
    let key = one.key_with(&["read"], Tier::Starter, None).await;
    // All requests at the same time on both replicas: as many as the limit are let through.
    let asks = (0..620).map(|at| ask(if at % 2 == 0 { &one } else { &other }, &key));
    let answers = futures_util::future::join_all(asks).await;
    let allowed: Vec<&Answer> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(allowed.len(), 600);
    let mut left: Vec<i64> = allowed.iter().map(|answer| remaining(answer)).collect();
    left.sort_unstable();
    assert_eq!(left, (0..600).collect::<Vec<i64>>(), "each was told another number");
    let refused = ask(&other, &key).await;
    let wait = refused.refused(429, "RATE_LIMITED").body["retry_after"].as_i64().unwrap();
    assert_eq!(wait, 61);
    // The servers' clock counts, not that of Redis.
    one.clock.advance(time::Duration::seconds(60));
    ask(&one, &key).await.refused(429, "RATE_LIMITED");
    one.clock.advance(time::Duration::seconds(1));
    assert_eq!((remaining(&ask(&one, &key).await), remaining(&ask(&other, &key).await)), (599, 598));
    assert_eq!((one.fallbacks(), other.fallbacks()), (0, 0));
    other.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_window_slides_in_redis_as_it_does_in_memory() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = sharing(&redis).await;
    let alone = one.replica(|settings| settings.anonymous_limit = 20).await;
    let look = async |server: &Server| {
        let answer = server.call_without_key("GET", "/nothing").send().await;
        let told = ["limit", "remaining", "reset"]
            .map(|name| answer.header(&format!("x-ratelimit-{name}")).unwrap().to_owned());
        (answer.status, told)
    };
    // Seconds before each request: within the limit, at the limit, leaving the window one by one, and all at once.
    let pauses = (0..25).map(|_| 1).chain([0, 0, 30, 0, 0, 0, 7, 7, 7, 59, 60, 61, 62, 200, 0, 1]);
    for (at, pause) in pauses.enumerate() {
        one.clock.advance(time::Duration::seconds(pause));
        let shared = look(if at % 2 == 0 { &one } else { &other }).await;
        assert_eq!(shared, look(&alone).await, "request {at}");
    }
    assert_eq!((one.fallbacks(), other.fallbacks()), (0, 0));
    alone.stop().await;
    other.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_is_set_back_shuts_nobody_out_of_redis() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = sharing(&redis).await;
    let key = one.key_with(&["read"], Tier::Starter, None).await;
    for _ in 0..600 {
        ask(&one, &key).await.data();
    }
    one.clock.set_by(time::Duration::hours(-2));
    // A replica that starts now knows only the earlier time.
    let late = one.replica(|settings| settings.redis = Some(redis.url().parse().unwrap())).await;
    eventually("limits are shared", PATIENCE, async || late.shares_limits()).await;
    for server in [&one, &other, &late] {
        let refused = ask(server, &key).await;
        assert_eq!(refused.refused(429, "RATE_LIMITED").body["retry_after"], 61);
    }
    one.clock.advance(time::Duration::seconds(61));
    for server in [&one, &other] {
        ask(server, &key).await.data();
    }
    late.stop().await;
    other.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_that_guesses_keys_is_shut_out_of_every_replica() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = sharing(&redis).await;
    let unused = one.key_for(&["read"]).await;
    for _ in 0..20 {
        one.call_as("riq_nonsense", "GET", &one.at("")).send().await.refused(401, "UNAUTHORIZED");
    }
    other.call_without_key("GET", "/docs").send().await.refused(429, "RATE_LIMITED");
    // A good key is served all the same.
    ask(&other, &unused).await.data();
    other.call_without_key("GET", "/healthz").send().await.data();
    other.clock.advance(time::Duration::seconds(61));
    ask(&other, &unused).await.data();
    other.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_each_counts_alone_until_it_is_back() {
    let Some(mut redis) = Redis::start().await else { return };
    let (one, other) = sharing(&redis).await;
    let place = redis.place();
    let told = || [SHARED, AWAY].map(|words| hidden::times_told(&[words, &place]));
    let key = one.key_with(&["read"], Tier::Starter, None).await;
    for left in (594..600).rev() {
        let server = if left % 2 == 0 { &one } else { &other };
        assert_eq!(remaining(&ask(server, &key).await), left);
    }
    assert_eq!(told(), [2, 0]);

    redis.kill();
    // Each replica continues with the three requests that it let through itself.
    for left in (590..597).rev() {
        for server in [&one, &other] {
            let answer = ask(server, &key).await;
            answer.data();
            assert_eq!(remaining(&answer), left);
        }
    }
    assert!(!one.shares_limits() && !other.shares_limits());
    assert_eq!((one.fallbacks(), other.fallbacks()), (7, 7));
    assert_eq!(told(), [2, 2], "one line each");

    redis.start_again().await;
    for server in [&one, &other] {
        eventually("limits are shared again", PATIENCE, async || server.shares_limits()).await;
    }
    assert_eq!((remaining(&ask(&one, &key).await), remaining(&ask(&other, &key).await)), (599, 598));
    assert_eq!((one.fallbacks(), other.fallbacks()), (7, 7));
    assert_eq!(told(), [4, 2], "one line each");
    other.stop().await;
    one.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_that_does_not_answer_in_time_is_not_waited_for() {
    let Some(redis) = Redis::start().await else { return };
    let (one, other) = sharing(&redis).await;
    let (url, patience) = (redis.url(), Duration::from_millis(50));
    let hasty = one
        .replica(|settings| {
            settings.redis = Some(url.parse().unwrap());
            settings.redis_patience = patience;
        })
        .await;
    eventually("limits are shared", PATIENCE, async || hasty.shares_limits()).await;
    redis.pause(Duration::from_secs(600));
    // One request waits until its timeout. Then Redis counts as away, and no request waits.
    for _ in 0..5 {
        hasty.get("").await.data();
    }
    assert!(!hasty.shares_limits());
    assert!(hasty.fallbacks() >= 5);
    hasty.stop().await;
    drop(redis);
    other.stop().await;
    one.stop().await;
}

/// Puts TLS in front of a Redis; returns the port.
async fn speak_tls(certificate: &Certificate, redis: &Redis) -> u16 {
    let (acceptor, place) = (certificate.acceptor().unwrap(), redis.place());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, place) = (acceptor.clone(), place.clone());
            tokio::spawn(async move {
                // A client that does not trust the certificate closes the connection.
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let mut inside = TcpStream::connect(place).await.unwrap();
                drop(tokio::io::copy_bidirectional(&mut outside, &mut inside).await);
            });
        }
    });
    port
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_tls_redis_must_have_a_certificate_that_is_trusted() {
    let Some(redis) = Redis::start().await else { return };
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let (trusted, stranger) = (Authority::new().unwrap(), Authority::new().unwrap());
    let port = speak_tls(&trusted.certify(&["localhost"]).unwrap(), &redis).await;
    let url =
        redis.url().replace("redis://", "rediss://").replace(&redis.place(), &format!("localhost:{port}"));
    let serve = async |authority: &Authority| {
        let file = database.path("authority.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        let own = [("RIQ_REDIS_URL", url.as_str()), ("SSL_CERT_FILE", file.to_str().unwrap())];
        let process = Process::serve(&database, &own).await;
        let told = async || process.stderr().contains(SHARED) || process.stderr().contains(AWAY);
        eventually("it has tried", PATIENCE, told).await;
        let log = process.stderr();
        assert!(log.contains(&format!("localhost:{port}")) && !log.contains(hidden::MARK), "{log}");
        log.contains(SHARED)
    };
    assert!(serve(&trusted).await);
    assert!(!serve(&stranger).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_starts_without_its_redis() {
    let database = TestDatabase::create(Backend::Sqlite).await.unwrap();
    let nowhere = "redis://:SECRET-password@127.0.0.1:1";
    let set = |settings: &mut HttpSettings| settings.redis = Some(nowhere.parse().unwrap());
    let server = Server::start_with(database, Plan::default(), set).await;
    for left in [29_999, 29_998] {
        assert_eq!(remaining(&server.get("").await), left);
    }
    assert_eq!(server.fallbacks(), 2);
    server.stop().await;
}
