//! Each toxic does what it says, and signs for it.

use crate::support::{proxied, read, soon, wire};
use goldenpath_faults::{Deed, Plan, ToxicError, ToxicSpec};
use std::io::ErrorKind;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

fn with(name: &str, value: &str) -> Plan {
    Plan::passthrough(3).toxic(ToxicSpec::new(name, value).unwrap())
}

const WORDS: &[u8] = b"forty-two bytes that go from side to side";

#[tokio::test]
async fn latency_makes_bytes_wait_each_way() {
    let (backend, proxy, receipts) = proxied(with("latency", "120:20")).await;
    let (mut client, mut server) = wire(&backend, &proxy).await;
    let begun = Instant::now();
    client.write_all(WORDS).await.unwrap();
    assert_eq!(read(&mut server, WORDS.len()).await, WORDS);
    assert!(begun.elapsed() >= Duration::from_millis(100));
    server.write_all(WORDS).await.unwrap();
    assert_eq!(read(&mut client, WORDS.len()).await, WORDS);
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let receipts = receipts.all();
    assert_eq!(receipts.len(), 2);
    assert!(receipts.iter().all(|receipt| receipt.fault == "latency" && receipt.deed == Deed::Delayed));
}

#[tokio::test]
async fn bandwidth_takes_its_time() {
    let (backend, proxy, _) = proxied(with("bandwidth", "100000")).await;
    let (mut client, mut server) = wire(&backend, &proxy).await;
    let begun = Instant::now();
    let sent = vec![7; 30_000];
    let (_, came) =
        tokio::join!(async { server.write_all(&sent).await.unwrap() }, read(&mut client, sent.len()));
    assert!(came == sent);
    assert!(begun.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn dropped_bytes_never_arrive_and_the_end_still_does() {
    let (backend, proxy, receipts) = proxied(with("drop", "1")).await;
    let (mut client, mut server) = wire(&backend, &proxy).await;
    client.write_all(WORDS).await.unwrap();
    client.shutdown().await.unwrap();
    assert_eq!(soon("the end", server.read(&mut [0; 64])).await.unwrap(), 0);
    assert!(receipts.all().iter().all(|receipt| receipt.deed == Deed::Lost));
    assert!(!receipts.all().is_empty());
}

#[tokio::test]
async fn a_reset_is_seen_by_both_sides_after_the_bytes_that_were_allowed() {
    let (backend, proxy, receipts) = proxied(with("reset", "41")).await;
    let (mut client, mut server) = wire(&backend, &proxy).await;
    server.write_all(WORDS).await.unwrap();
    assert_eq!(read(&mut client, WORDS.len()).await, WORDS);
    server.write_all(b"more").await.unwrap();
    for socket in [&mut client, &mut server] {
        let why = soon("the reset", socket.read(&mut [0; 8])).await.unwrap_err();
        assert_eq!(why.kind(), ErrorKind::ConnectionReset);
    }
    assert_eq!(receipts.all().last().unwrap().deed, Deed::Cut);
}

#[tokio::test]
async fn half_open_ends_nothing_and_passes_nothing() {
    let (backend, proxy, receipts) = proxied(with("half_open", "0")).await;
    let (mut client, mut server) = wire(&backend, &proxy).await;
    server.write_all(WORDS).await.unwrap();
    soon("the first receipt", async {
        while receipts.all().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    client.write_all(WORDS).await.unwrap();
    drop(server);
    soon("three receipts: bytes both ways, an end", async {
        while receipts.all().len() < 3 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    let nothing = tokio::time::timeout(Duration::from_millis(100), client.read(&mut [0; 8])).await;
    assert!(nothing.is_err(), "{nothing:?}");
    soon("the proxy's end", proxy.stop()).await;
}

#[tokio::test]
async fn a_slow_close_is_heard_late() {
    let (backend, proxy, _) = proxied(with("slow_close", "150")).await;
    let (mut client, mut server) = wire(&backend, &proxy).await;
    let begun = Instant::now();
    server.write_all(WORDS).await.unwrap();
    server.shutdown().await.unwrap();
    assert_eq!(read(&mut client, WORDS.len()).await, WORDS);
    assert_eq!(soon("the end", client.read(&mut [0; 8])).await.unwrap(), 0);
    assert!(begun.elapsed() >= Duration::from_millis(150));
}

#[tokio::test]
async fn a_partition_holds_its_ways_and_heals() {
    for (name, up, down) in
        [("partition", true, true), ("partition_up", true, false), ("partition_down", false, true)]
    {
        let begun = Instant::now();
        let (backend, proxy, receipts) = proxied(with(name, "0:400")).await;
        let (mut client, mut server) = wire(&backend, &proxy).await;
        client.write_all(WORDS).await.unwrap();
        server.write_all(WORDS).await.unwrap();
        let timed = |socket| async move {
            assert_eq!(read(socket, WORDS.len()).await, WORDS);
            begun.elapsed()
        };
        let (at_server, at_client) = tokio::join!(timed(&mut server), timed(&mut client));
        for (held, at) in [(up, at_server), (down, at_client)] {
            // The proxy begins after our clock: what is held comes no earlier than it heals.
            assert!(!held || at >= Duration::from_millis(400), "{name}: {at:?}");
        }
        let signed: Vec<String> = receipts.all().into_iter().map(|receipt| receipt.what).collect();
        assert_eq!(signed.iter().any(|what| what.contains("to the backend")), up, "{name}: {signed:?}");
        assert_eq!(signed.iter().any(|what| what.contains("to the client")), down, "{name}: {signed:?}");
    }
}

#[test]
fn a_toxic_that_is_none_says_so() {
    assert_eq!(ToxicSpec::new("latncy", "1").unwrap_err(), ToxicError::Unknown("latncy".to_owned()));
    for (name, value) in
        [("latency", "fast"), ("slice", "0"), ("drop", "2"), ("partition", "5"), ("bandwidth", "0")]
    {
        let why = ToxicSpec::new(name, value).unwrap_err().to_string();
        assert!(why.contains(&format!("valid: {name}=")), "{why}");
    }
}
