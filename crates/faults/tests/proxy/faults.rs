//! Message faults, live: the kinds act as they act on histories.

use crate::support::{ROWS, greeted, proxied, run, send_run, soon, text};
use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_faults::{Act, Deed, Fault, Message as Said, Plan, Step, fault_info};
use goldenpath_history::{ClosedBy, RecordKind};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};

/// What arrives of six runs, by run.
async fn six_runs(row: &str) -> (Vec<Vec<String>>, Vec<goldenpath_faults::Receipt>) {
    let (backend, proxy, receipts) = proxied(Plan::aware(5).fault(fault_info(row).unwrap())).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    let mut came = vec![Vec::new(); 6];
    for number in 0..6 {
        send_run(&mut server, "ann", &number.to_string()).await;
    }
    server.send(Message::text(r#"{"type":"heartbeat"}"#)).await.unwrap();
    loop {
        let text = text(&mut client).await;
        if text.contains("heartbeat") {
            break;
        }
        let event: serde_json::Value = serde_json::from_str(&text).unwrap();
        came[event["run_id"].as_str().unwrap().parse::<usize>().unwrap()].push(text);
    }
    (came, receipts.all())
}

#[tokio::test]
async fn an_event_type_is_lost_from_some_runs_with_a_receipt_for_each() {
    let (came, receipts) = six_runs("L01").await;
    assert!(!receipts.is_empty() && receipts.len() < 6);
    for (number, came) in came.iter().enumerate() {
        let id = number.to_string();
        let hit = receipts.iter().any(|receipt| receipt.run_id.as_deref() == Some(&id));
        let whole = run("ann", &id);
        assert_eq!(came, if hit { &whole[1..] } else { &whole[..] });
    }
    assert!(
        receipts.iter().all(|receipt| receipt.deed == Deed::Lost && receipt.user.as_deref() == Some("ann"))
    );
}

#[tokio::test]
async fn one_event_in_the_middle_is_lost() {
    let (came, receipts) = six_runs("L07").await;
    let short = came.iter().filter(|came| came.len() == ROWS.len() - 1).count();
    assert!(short > 0 && short == receipts.len(), "{receipts:?}");
    assert!(came.iter().all(|came| came.last().unwrap().contains("agent_completed")));
}

/// Does what it is told at the `tool_executing` of every run.
struct AtTheTool<F>(F);

impl<F: FnMut(&Step, &mut Act<'_>) + Send> Fault for AtTheTool<F> {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if act.message().is_some_and(|message| message.is("tool_executing")) {
            (self.0)(step, act);
        }
    }
}

fn at_the_tool(act: impl FnMut(&Step, &mut Act<'_>) + Send + 'static) -> Plan {
    Plan::aware(5).fault_of("test", Box::new(AtTheTool(act)))
}

#[tokio::test]
async fn a_cut_without_a_code_is_a_reset_behind_what_came_before() {
    let plan = at_the_tool(|_, act| act.cut(None, "", "cut the connection"));
    let (backend, proxy, receipts) = proxied(plan).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    send_run(&mut server, "ann", "r").await;
    assert!(text(&mut client).await.contains("agent_started"));
    assert!(text(&mut client).await.contains("agent_thinking"));
    let end = soon("the end", client.next()).await;
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
    assert_eq!(receipts.all()[0].deed, Deed::Cut);
    // The backend sees its client vanish.
    let end = soon("the backend's end", server.next()).await;
    assert!(!matches!(end, Some(Ok(_))), "{end:?}");
}

#[tokio::test]
async fn a_cut_with_a_code_is_a_close_with_that_code() {
    let plan = at_the_tool(|_, act| act.cut(Some(4002), "server_error", "closed in mid-run"));
    let (backend, proxy, _) = proxied(plan).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    send_run(&mut server, "ann", "r").await;
    assert!(text(&mut client).await.contains("agent_started"));
    assert!(text(&mut client).await.contains("agent_thinking"));
    let Some(Ok(Message::Close(Some(close)))) = soon("the Close", client.next()).await else {
        panic!("no Close");
    };
    assert_eq!((u16::from(close.code), close.reason.as_str()), (4002, "server_error"));
    let end = soon("the end behind it", client.next()).await;
    assert!(matches!(end, None | Some(Err(Error::ConnectionClosed))), "{end:?}");
}

#[tokio::test]
async fn what_is_delayed_comes_late_and_alone() {
    let late = Duration::from_millis(200);
    let plan = at_the_tool(move |_, act| act.delay(200_000_000, "the tool is told of late"));
    let (backend, proxy, _) = proxied(plan).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    let begun = Instant::now();
    send_run(&mut server, "ann", "r").await;
    let mut kinds = Vec::new();
    for _ in ROWS {
        let event: serde_json::Value = serde_json::from_str(&text(&mut client).await).unwrap();
        kinds.push(event["type"].as_str().unwrap().to_owned());
    }
    assert!(begun.elapsed() >= late);
    assert_eq!(kinds.last().unwrap(), "tool_executing");
}

#[tokio::test]
async fn a_hold_keeps_everything_of_its_connection_in_order() {
    let plan = at_the_tool(move |step, act| act.hold(step.t_ns + 200_000_000, "held"));
    let (backend, proxy, _) = proxied(plan).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    let begun = Instant::now();
    send_run(&mut server, "ann", "r").await;
    server
        .send(Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })))
        .await
        .unwrap();
    for event in run("ann", "r") {
        assert_eq!(text(&mut client).await, event);
    }
    assert!(begun.elapsed() >= Duration::from_millis(200));
    let close = soon("the Close", client.next()).await.unwrap().unwrap();
    assert_eq!(close, Message::Close(Some(CloseFrame { code: CloseCode::Normal, reason: "bye".into() })));
}

/// Shows every event to everybody.
struct Broadcast;

impl Fault for Broadcast {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let (Some((_, run)), Some(conn)) = (act.event(), step.conn) else { return };
        let strangers: Vec<u32> = act.scene().strangers(conn).map(|(number, _)| number).collect();
        for stranger in strangers {
            act.add(
                Step { conn: Some(stranger), user: None, ..step.clone() },
                format!("an event of run {run} told"),
            );
        }
    }
}

#[tokio::test]
async fn two_users_share_one_fault() {
    let (backend, proxy, receipts) = proxied(Plan::aware(5).fault_of("test", Box::new(Broadcast))).await;
    let (mut ann, mut to_ann) = greeted(&backend, &proxy, "ann").await;
    let (mut bob, _to_bob) = greeted(&backend, &proxy, "bob").await;
    send_run(&mut to_ann, "ann", "r").await;
    for event in run("ann", "r") {
        assert_eq!(text(&mut ann).await, event);
        assert_eq!(text(&mut bob).await, event);
    }
    assert_eq!(receipts.all().len(), ROWS.len());
    assert!(receipts.all().iter().all(|receipt| receipt.user.as_deref() == Some("bob")));
}

/// Keeps cancels from the backend, and shortens requests.
struct Upwards;

impl Fault for Upwards {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        match Said::sent(step) {
            Some(message) if message.is("cancel") => act.lose("a cancel"),
            Some(message) if message.is("agent_request") => {
                let raw = r#"{"type":"agent_request","message":"cut"}"#.to_owned();
                let kind = goldenpath_history::RecordKind::Frame {
                    dir: goldenpath_history::Direction::Out,
                    raw: raw.into(),
                    opcode: None,
                };
                act.alter(Step { kind, ..step.clone() }, "cut a request short");
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn what_a_client_sends_can_be_lost_or_changed_on_its_way() {
    let (backend, proxy, receipts) = proxied(Plan::aware(5).fault_of("test", Box::new(Upwards))).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    for sent in [r#"{"type":"cancel"}"#, r#"{"type":"agent_request","message":"long"}"#, r#"{"type":"ping"}"#]
    {
        client.send(Message::text(sent)).await.unwrap();
    }
    for came in [r#"{"type":"agent_request","message":"cut"}"#, r#"{"type":"ping"}"#] {
        assert_eq!(soon("a text", server.next()).await.unwrap().unwrap(), Message::text(came));
    }
    let deeds: Vec<Deed> = receipts.all().iter().map(|receipt| receipt.deed).collect();
    assert_eq!(deeds, [Deed::Lost, Deed::Altered]);
}

#[tokio::test]
async fn toxics_and_a_fault_work_together() {
    let slice = goldenpath_faults::ToxicSpec::new("slice", "64").unwrap();
    let plan = at_the_tool(|_, act| act.lose("the tool")).toxic(slice);
    let (backend, proxy, receipts) = proxied(plan).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    send_run(&mut server, "ann", "r").await;
    for event in run("ann", "r").iter().filter(|event| !event.contains("tool_executing")) {
        assert_eq!(&text(&mut client).await, event);
    }
    let signed: std::collections::BTreeSet<String> =
        receipts.all().into_iter().map(|receipt| receipt.fault).collect();
    assert_eq!(signed.into_iter().collect::<Vec<_>>(), ["slice", "test"]);
}

/// Loses the backend's Close.
struct CloseLost;

impl Fault for CloseLost {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if matches!(step.kind, goldenpath_history::RecordKind::Close { .. }) {
            act.lose("the Close");
        }
    }
}

#[tokio::test]
async fn a_lost_close_leaves_the_client_waiting() {
    let (backend, proxy, receipts) = proxied(Plan::aware(5).fault_of("test", Box::new(CloseLost))).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    server.close(None).await.unwrap();
    drop(server);
    let nothing = tokio::time::timeout(Duration::from_millis(200), client.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    assert_eq!(receipts.all().len(), 1);
}

/// Nobody answers the client's Close: at some time it gives up.
struct NotAnswered;

impl Fault for NotAnswered {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if matches!(step.kind, RecordKind::Close { by: ClosedBy::Client, .. }) {
            let kind = RecordKind::Close { code: None, reason: None, by: ClosedBy::Client };
            act.alter(Step { kind, ..step.clone() }, "the Close is not answered");
        }
    }
}

/// When that is, is the client's to say: a proxy that ended the connection would be the one that gave up.
#[tokio::test]
async fn a_client_whose_close_is_not_answered_gives_up_by_itself() {
    let (backend, proxy, receipts) = proxied(Plan::aware(5).fault_of("test", Box::new(NotAnswered))).await;
    let (mut client, mut server) = greeted(&backend, &proxy, "ann").await;
    client.close(None).await.unwrap();
    let heard = soon("the client's Close", server.next()).await;
    assert!(matches!(heard, Some(Ok(Message::Close(_)))), "{heard:?}");
    // Reading on answers it.
    assert!(soon("the end", server.next()).await.is_none());
    drop(server);
    let nothing = tokio::time::timeout(Duration::from_millis(300), client.next()).await;
    assert!(nothing.is_err(), "{nothing:?}");
    assert_eq!(receipts.all().len(), 1);
}

/// Tells on a receipt where connections were opened.
struct WhereOpened;

impl Fault for WhereOpened {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let RecordKind::Open { url: Some(url), .. } = &step.kind {
            act.alter(step.clone(), url.to_string());
        }
    }
}

#[tokio::test]
async fn a_fault_sees_from_where_a_client_resumes_and_no_token() {
    let (backend, proxy, receipts) = proxied(Plan::aware(5).fault_of("test", Box::new(WhereOpened))).await;
    let url = format!("{}?client_id=a&resume=00ff%3A12&token=secret", proxy.ws_url());
    let accepting = async {
        let (stream, _) = backend.accept().await.unwrap();
        tokio_tungstenite::accept_async(stream).await.unwrap()
    };
    let (client, _server) =
        soon("a socket", async { tokio::join!(tokio_tungstenite::connect_async(&url), accepting) }).await;
    client.unwrap();
    assert_eq!(receipts.all()[0].what, "/ws?client_id=a&resume=00ff:12");
}
