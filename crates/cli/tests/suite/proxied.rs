//! `proxy` between `validate` and `serve`, as two processes beside the test's own.

use crate::offline::assert_judged_alike;
use crate::support::{Backend, Place, ProxyProcess, failed};
use crate::validation::validate;

#[test]
fn a_backend_behind_a_proxy_without_a_fault_is_approved() {
    let (backend, place) = (Backend::start(), Place::new());
    let proxy = ProxyProcess::start(&backend.url, &[]);
    assert!(proxy.url.ends_with("/ws"), "{}", proxy.url);
    validate("functional").users(2).seed(7).at_any_speed().through(&proxy).run(&place).ended_with(0);
    let (ran, receipts) = proxy.terminate();
    ran.ended_with(0);
    assert!(receipts.is_empty(), "{receipts:?}");
}

#[test]
fn a_fault_is_blamed_on_the_check_that_owns_it() {
    let (backend, place) = (Backend::start(), Place::new());
    let proxy = ProxyProcess::start(&backend.url, &["--fault", "L04", "--seed", "3"]);
    let validation = validate("functional").users(2).seed(7).at_any_speed().through(&proxy);
    let ran = validation.run(&place).ended_with(1);
    assert!(failed(&place.report()).contains(&"sequence/tool-pairs".to_owned()), "{}", ran.said());
    assert_judged_alike(&place, &ran, &place.session().unwrap());
    let (ended, receipts) = proxy.terminate();
    ended.ended_with(0);
    assert!(!receipts.is_empty());
    assert!(receipts.iter().all(|receipt| receipt["fault"] == "L04" && receipt["deed"] == "lost"));
}

#[test]
fn what_no_proxy_can_do_is_refused_with_the_nearest_name() {
    let place = Place::new();
    let upstream = "ws://127.0.0.1:1/ws";
    for (arguments, says) in [
        (vec!["--upstream", upstream, "--fault", "l04"], "did you mean `L04`?"),
        (vec!["--upstream", upstream, "--fault", "L17"], "inside the reference backend"),
        (vec!["--upstream", upstream, "--toxic", "latncy=5"], "did you mean `latency`?"),
        (vec!["--upstream", upstream, "--toxic", "latency=soon"], "latency=MS[:JITTER_MS]"),
        (vec!["--upstream", upstream, "--passthrough", "--fault", "L04"], "--passthrough"),
        (vec!["--upstream", "ftp://x"], "`ws://`, `wss://`"),
        (vec!["--fault", "L04"], "--upstream"),
    ] {
        let ran = place.goldenpath(&[&["proxy"], &arguments[..]].concat()).ended_with(2);
        assert!(ran.err.contains(says), "{arguments:?}: {}", ran.said());
    }
    assert!(place.names().is_empty());
}
