//! Places for connections: how many a user, an address and the node have, who takes whose, when each is free again, and
//! with which word a connection ends.

use crate::parts::{connect, frame, manager, token, user, visitor};
use goldenpath_gateway::{ControlOutcome, Ending, Refusal, Visitor};
use goldenpath_protocol::{ClientId, CloseCode, ServerFrame};
use std::net::{IpAddr, Ipv4Addr};

fn tab(name: &str, client: &str) -> Visitor {
    Visitor { client_id: Some(ClientId::new(client).unwrap()), ..visitor(name) }
}

fn from(name: &str, last: u8) -> Visitor {
    Visitor { address: IpAddr::V4(Ipv4Addr::new(10, 0, 0, last)), ..visitor(name) }
}

#[test]
fn a_tab_takes_its_own_place_at_every_limit_and_no_other() {
    for limit in [Refusal::UserLimit, Refusal::AddressLimit, Refusal::NodeLimit] {
        let (manager, _) = manager(|config| match limit {
            Refusal::UserLimit => config.connections_per_user = 1,
            Refusal::AddressLimit => config.connections_per_ip = 1,
            Refusal::NodeLimit => config.connections_per_node = 1,
        });
        let old = manager.admit(tab("ada", "tab-1")).unwrap().register(token());
        assert_eq!(manager.admit(tab("ada", "tab-2")).unwrap_err(), limit, "another tab");
        assert_eq!(manager.admit(visitor("ada")).unwrap_err(), limit, "a nameless one");
        let new = manager.admit(tab("ada", "tab-1")).unwrap().register(token());
        assert_eq!((old.ending(), new.ending()), (Some(Ending::close(CloseCode::Replaced)), None));
        let there: Vec<_> = manager.connections_of(&user("ada")).iter().map(|one| one.id().clone()).collect();
        assert_eq!((there, manager.connections().len(), manager.count()), (vec![new.id().clone()], 1, 2));
        assert_eq!(manager.admit(tab("ada", "tab-1")).unwrap_err(), limit, "one place is spared, not two");
        drop(old);
        assert_eq!((manager.connections_of(&user("ada")).len(), manager.count()), (1, 1));
    }
}

#[test]
fn two_tabs_without_a_name_are_not_each_other() {
    let (manager, _) = manager(|config| config.connections_per_user = 2);
    let (one, two) = (connect(&manager, "ada"), connect(&manager, "ada"));
    assert_eq!((one.ending(), two.ending(), manager.connections_of(&user("ada")).len()), (None, None, 2));
    assert_eq!(manager.admit(visitor("ada")).unwrap_err(), Refusal::UserLimit);
    assert_eq!(manager.admit(tab("ada", "tab-1")).unwrap_err(), Refusal::UserLimit);
}

#[test]
fn one_that_leaves_frees_one_place() {
    let (by_user, _) = manager(|config| config.connections_per_user = 2);
    let (stays, leaves) = (connect(&by_user, "ada"), connect(&by_user, "ada"));
    drop(leaves);
    assert_eq!(by_user.connections_of(&user("ada"))[0].id(), stays.id(), "the other one is still there");
    let next = connect(&by_user, "ada");
    assert_eq!(by_user.admit(visitor("ada")).unwrap_err(), Refusal::UserLimit);
    drop((stays, next));

    let (by_address, _) = manager(|config| config.connections_per_ip = 2);
    let admit = |name: &str, last| by_address.admit(from(name, last)).map(|permit| permit.register(token()));
    let (_stays, leaves, _elsewhere) =
        (admit("ada", 1).unwrap(), admit("bob", 1).unwrap(), admit("eve", 2).unwrap());
    assert_eq!(admit("eve", 1).unwrap_err(), Refusal::AddressLimit);
    drop(leaves);
    let _next = admit("eve", 1).unwrap();
    assert_eq!(admit("bob", 1).unwrap_err(), Refusal::AddressLimit);
    assert_eq!(by_address.count(), 3);

    let (by_node, _) = manager(|config| config.connections_per_node = 2);
    let (_stays, leaves) = (connect(&by_node, "ada"), connect(&by_node, "bob"));
    assert_eq!(by_node.admit(visitor("eve")).unwrap_err(), Refusal::NodeLimit);
    drop(leaves);
    let _next = connect(&by_node, "eve");
    assert_eq!(by_node.admit(visitor("bob")).unwrap_err(), Refusal::NodeLimit);
}

#[test]
fn an_end_has_its_code_and_says_when_to_come_back() {
    for code in CloseCode::ALL {
        let after_ms = match code {
            CloseCode::RateLimited => 10_000,
            CloseCode::SlowConsumer | CloseCode::ServerError => 1_000,
            _ => 0,
        };
        let close = Ending::close(code);
        assert_eq!(close, Ending::Close { code, after_ms, caught_up: false });
        assert_eq!(close.code(), code.code());
    }
    for (ending, code) in [
        (Ending::Violation(1009), 1009),
        (Ending::Client(1000), 1000),
        (Ending::Gone, 1006),
        (Ending::Stopped, 1006),
    ] {
        assert_eq!(ending.code(), code, "{ending:?}");
    }
}

#[test]
fn the_first_hard_end_stands() {
    let (manager, _) = manager(|_| {});
    let ada = user("ada");
    let soft = |code| Ending::Close { code, after_ms: 5, caught_up: true };
    let hard = Ending::close(CloseCode::Revoked);
    for (ends, stands, accepted) in [
        (vec![hard, Ending::Gone], hard, vec![true, false]),
        (vec![hard, soft(CloseCode::Draining)], hard, vec![true, false]),
        (
            vec![soft(CloseCode::Draining), soft(CloseCode::UserLimit)],
            soft(CloseCode::Draining),
            vec![true, false],
        ),
        (vec![soft(CloseCode::Draining), hard, Ending::Gone], hard, vec![true, true, false]),
    ] {
        let tab = connect(&manager, "ada");
        let given: Vec<_> = ends.iter().map(|why| manager.close(&ada, tab.id(), *why)).collect();
        assert_eq!((given, tab.ending()), (accepted, Some(stands)), "{ends:?}");
        let patient = matches!(stands, Ending::Close { caught_up: true, .. });
        assert_eq!(manager.tracker().progress(&ada)[0].closing, !patient);
        let told = if patient { ControlOutcome::Queued } else { ControlOutcome::Closing };
        assert_eq!(manager.send_to_user(&ada, &frame()), [(tab.id().clone(), told)], "served until it ends");
        assert_eq!(manager.send_to_connection(&ada, tab.id(), &frame()), told);
    }
}

#[test]
fn an_outbox_holds_what_was_offered_and_its_bytes() {
    let (manager, metrics) = manager(|config| config.outbox_frames = 3);
    let (tab, other) = (connect(&manager, "ada"), connect(&manager, "ada"));
    let outbox = tab.outbox();
    assert_eq!((outbox.len(), outbox.is_empty(), outbox.pop()), (0, true, None));
    let frames = [1, 22, 333].map(|offset| ServerFrame::Heartbeat { offset });
    let texts = frames.clone().map(|frame| serde_json::to_string(&frame).unwrap());
    let mut bytes = 0;
    for (n, frame) in frames.iter().enumerate() {
        assert_eq!(manager.send_to_connection(&user("ada"), tab.id(), frame), ControlOutcome::Queued);
        bytes += i64::try_from(texts[n].len()).unwrap();
        assert_eq!((outbox.len(), outbox.is_empty(), metrics.outbox_bytes()), (n + 1, false, bytes));
    }
    assert_eq!(manager.send_to_connection(&user("ada"), tab.id(), &frames[0]), ControlOutcome::Full);
    assert_eq!(manager.send_to_connection(&user("ada"), other.id(), &frames[0]), ControlOutcome::Queued);
    bytes += i64::try_from(texts[0].len()).unwrap();
    for (n, text) in texts.iter().enumerate() {
        assert_eq!(outbox.pop().as_deref(), Some(text.as_str()));
        bytes -= i64::try_from(text.len()).unwrap();
        assert_eq!((outbox.len(), metrics.outbox_bytes()), (2 - n, bytes));
    }
    assert_eq!((outbox.pop(), other.outbox().len()), (None, 1));
}
