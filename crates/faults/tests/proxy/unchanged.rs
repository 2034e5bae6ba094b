//! Nothing is switched on: everything passes as it came.

use crate::support::{Raw, proxied, raw, read, soon, wire};
use goldenpath_faults::{Act, Fault, Plan, Step, ToxicSpec};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

struct Nothing;

impl Fault for Nothing {
    fn rewrite(&mut self, _: &Step, _: &mut Act<'_>) {}
}

/// A frame as it is on the wire; `first` holds the opcode and its bits.
fn frame(first: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Vec<u8> {
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let mut frame = vec![first];
    match payload.len() {
        size @ 0..126 => frame.push(masked | u8::try_from(size).unwrap()),
        size @ 126..65_536 => {
            frame.push(masked | 126);
            frame.extend(u16::try_from(size).unwrap().to_be_bytes());
        }
        size => {
            frame.push(masked | 127);
            frame.extend((size as u64).to_be_bytes());
        }
    }
    let key = mask.unwrap_or_default();
    frame.extend(mask.iter().flatten());
    frame.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// Everything that a side may send, its Close last.
fn everything(mask: Option<[u8; 4]>) -> Vec<Vec<u8>> {
    let large: Vec<u8> = (0..1_u32 << 20).map(|at| b'a' + at.to_le_bytes()[1] % 26).collect();
    vec![
        frame(0x81, br#"{"type":"ping","n":1}"#, mask),
        frame(0x89, b"are you there", mask),
        frame(0x01, "ü in frag".as_bytes(), mask),
        frame(0x00, b"", mask),
        frame(0x80, b"ments", mask),
        frame(0x82, &[0, 255, 1, 254], mask),
        // Reserved bits, and a length written wider than it needs.
        frame(0xc1, b"reserved", mask),
        vec![0x8a, if mask.is_some() { 0x80 } else { 0 }]
            .into_iter()
            .chain(mask.into_iter().flatten())
            .collect(),
        frame(0x81, &large, mask),
        frame(0x88, b"\x0f\xa1because", mask),
    ]
}

async fn passes(plan: Plan, up: &[u8], down: &[u8]) {
    let (backend, proxy, receipts) = proxied(plan).await;
    let Raw { client, server, request, response } = raw(&backend, &proxy).await;
    assert!(request.starts_with("GET /ws?a=1 HTTP/1.1\r\n"), "{request}");
    assert!(request.contains("\r\nX-Odd-Case: Kept\r\n"), "{request}");
    assert!(request.contains(&format!("Host: {}\r\n", backend.local_addr().unwrap())), "{request}");
    assert!(!request.contains("permessage-deflate"), "{request}");
    assert!(response.contains("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nX-From: backend\r\n"));
    let (mut client_in, mut client_out) = client.into_split();
    let (mut server_in, mut server_out) = server.into_split();
    let (_, _, at_server, at_client) = tokio::join!(
        async { client_out.write_all(up).await.unwrap() },
        async { server_out.write_all(down).await.unwrap() },
        read(&mut server_in, up.len()),
        read(&mut client_in, down.len()),
    );
    assert!(at_server == up, "what the client sent changed on its way");
    assert!(at_client == down, "what the backend sent changed on its way");
    server_out.shutdown().await.unwrap();
    assert_eq!(soon("the backend's end", client_in.read(&mut [0; 8])).await.unwrap(), 0);
    client_out.shutdown().await.unwrap();
    assert_eq!(soon("the client's end", server_in.read(&mut [0; 8])).await.unwrap(), 0);
    assert!(receipts.all().is_empty());
    soon("the proxy's end", proxy.stop()).await;
}

#[tokio::test]
async fn frames_pass_byte_for_byte_both_ways() {
    let (mut up, mut down) = (everything(Some([9, 8, 7, 250])), everything(None));
    // A ping may stand between fragments, and stays there.
    up.swap(1, 3);
    down.swap(1, 3);
    passes(Plan::aware(1), &up.concat(), &down.concat()).await;
}

#[tokio::test]
async fn frames_pass_byte_for_byte_through_a_fault_that_does_nothing() {
    let (up, down) = (everything(Some([9, 8, 7, 250])).concat(), everything(None).concat());
    passes(Plan::aware(1).fault_of("none", Box::new(Nothing)), &up, &down).await;
}

#[tokio::test]
async fn bytes_pass_in_passthrough_even_a_byte_at_a_time() {
    for slice in [None, Some("1")] {
        let plan = slice.map_or(Plan::passthrough(1), |bytes| {
            Plan::passthrough(1).toxic(ToxicSpec::new("slice", bytes).unwrap())
        });
        let (backend, proxy, receipts) = proxied(plan).await;
        let (client, server) = wire(&backend, &proxy).await;
        let sent: Vec<u8> = (0..20_000_u32).map(|at| at.to_le_bytes()[0] ^ at.to_le_bytes()[1]).collect();
        let (mut client_in, mut client_out) = client.into_split();
        let (mut server_in, mut server_out) = server.into_split();
        let (_, _, at_server, at_client) = tokio::join!(
            async { client_out.write_all(&sent).await.unwrap() },
            async { server_out.write_all(&sent).await.unwrap() },
            read(&mut server_in, sent.len()),
            read(&mut client_in, sent.len()),
        );
        assert!(at_server == sent && at_client == sent);
        assert_eq!(receipts.all().is_empty(), slice.is_none());
        drop((client_in, client_out));
        assert_eq!(soon("the client's end", server_in.read(&mut [0; 8])).await.unwrap(), 0);
    }
}
