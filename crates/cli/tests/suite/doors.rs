//! Getting in: minted tokens, given ones, wrong ones; a seed that the target knows already.

use crate::support::{Backend, KEY, Place, Running, failed, verdicts, wait_for};
use crate::validation::validate;
use goldenpath_harness::{MintSettings, Minter};
use goldenpath_report::CheckVerdict;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;

fn tokens(users: &[&str]) -> Vec<String> {
    let minter = Minter::new(MintSettings::default(), KEY.as_bytes()).unwrap();
    users.iter().map(|user| minter.token(user, None).unwrap().reveal().to_owned()).collect()
}

/// No file of the session holds any of the secrets.
fn assert_secret(session: &Path, secrets: &[String]) {
    for entry in std::fs::read_dir(session).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        let text = match path.extension().is_some_and(|ending| ending == "zst") {
            true => crate::support::records(&path).iter().map(|record| format!("{record:?}")).collect(),
            false => String::from_utf8_lossy(&bytes).into_owned(),
        };
        for secret in secrets {
            assert!(!text.contains(secret.as_str()), "{} holds a secret", path.display());
        }
    }
}

#[test]
fn several_users_come_in_with_tokens_that_were_given() {
    let (backend, place) = (Backend::start(), Place::new());
    let given = tokens(&["alice", "bob"]);
    let text = format!(
        "[target]\nurl = \"{}\"\n[target.auth]\nmode = \"token\"\n\
         users = [{{ name = \"alice\", token_env = \"ALICE\" }}, {{ name = \"bob\", token_env = \"BOB\" }}]\n",
        backend.url
    );
    place.write("goldenpath.toml", text);
    validate("functional").run_with(&place, &[("ALICE", &given[0]), ("BOB", &given[1])]).ended_with(0);
    let report = place.report();
    assert_eq!(report.validation_session.users, 2);
    assert_eq!(report.validation_session.configuration["auth_mode"], "token");
    assert_secret(&place.session().unwrap(), &given);
}

#[test]
fn one_user_comes_in_with_the_token_of_a_file() {
    let (backend, place) = (Backend::start(), Place::new());
    place.write("token", tokens(&["carol"]).remove(0) + "\n");
    let text = format!("[target]\nurl = \"{}\"\nauth = {{ token_file = \"token\" }}\n", backend.url);
    place.write("goldenpath.toml", text);
    validate("functional").run(&place).ended_with(0);
}

#[test]
fn several_users_come_in_with_tokens_of_an_issuer_and_one_is_revoked() {
    let (place, secret) = (Place::new(), "a-client-secret-0123456789abcdef");
    let clients = "[[clients]]\nid = \"harness\"\nsecret_env = \"CLIENT_SECRET\"\n\
                   grants = [\"client_credentials\"]\nusers_beginning_with = \"gp-\"\n";
    place.write("auth.toml", clients);
    let config = place.path().join("auth.toml");
    let flags = ["--auth-listen", "127.0.0.1:0", "--auth-config", config.to_str().unwrap()];
    let backend = Backend::start_with(&flags, &[("CLIENT_SECRET", secret)]);
    let text = format!(
        "[target]\nurl = \"{}\"\n[target.auth]\nmode = \"oauth\"\ntoken_url = \"{}/auth/token\"\n\
         client_id = \"harness\"\nclient_secret_env = \"CLIENT_SECRET\"\nuser_field = \"requested_subject\"\n",
        backend.url,
        backend.auth.as_deref().unwrap()
    );
    place.write("goldenpath.toml", text);
    let two = validate("security").users(2);
    let wrong = "another-secret-0123456789abcdef!";
    let ran = two.run_with(&place, &[("CLIENT_SECRET", wrong)]).ended_with(2);
    assert!(ran.err.contains("invalid_client") && !ran.err.contains(wrong), "{}", ran.said());
    two.run_with(&place, &[("CLIENT_SECRET", secret)]).ended_with(0);
    let report = place.report();
    assert_eq!(report.validation_session.configuration["auth_mode"], "oauth");
    let verdicts = verdicts(&report);
    for id in ["auth/refused", "auth/accepted", "auth/refresh", "auth/revocation", "isolation/canary"] {
        assert_eq!(verdicts[id], CheckVerdict::Pass, "{id}");
    }
    assert_eq!(verdicts["auth/expiry"], CheckVerdict::NotObservable);
    assert_secret(&place.session().unwrap(), &[secret.to_owned()]);
}

#[test]
fn a_closed_door_is_no_verdict_on_the_backend_and_says_what_to_try() {
    let (backend, place) = (Backend::start(), Place::new());
    let wrong_key = "another-key-0123456789abcdef0123";
    let two = || validate("functional").users(2);
    for (closed, hint) in [
        (two().without_tokens_of(&backend.url), "it wants tokens"),
        (two().of_with_key_in(&backend, "WRONG_KEY"), "are the key"),
    ] {
        let ran = closed.run_with(&place, &[("WRONG_KEY", wrong_key)]).ended_with(3);
        assert!(
            ran.out.contains("refused every connection") && ran.out.contains("401") && ran.out.contains(hint),
            "{}",
            ran.said()
        );
        assert_eq!(failed(&place.report()), [""; 0]);
        assert_secret(&place.latest(), &[wrong_key.to_owned()]);
    }
}

/// A backend that asks for no token and knows nobody: the reference backend, with a new identity for each connection.
fn tokenless(backend: &Backend) -> String {
    let address = backend.url.trim_start_matches("ws://").trim_end_matches("/ws").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for (number, client) in listener.incoming().flatten().enumerate() {
            let Ok(server) = TcpStream::connect(&address) else { return };
            let token = tokens(&[&format!("anonymous-{number}")]).remove(0);
            std::thread::spawn(move || introduce(client, server, &token));
        }
    });
    url
}

/// Passes bytes on both ways, the token as the first header.
fn introduce(mut client: TcpStream, mut server: TcpStream, token: &str) {
    let mut line = Vec::new();
    let mut byte = [0];
    while !line.ends_with(b"\r\n") && client.read(&mut byte).is_ok_and(|read| read == 1) {
        line.push(byte[0]);
    }
    line.extend(format!("Authorization: Bearer {token}\r\n").bytes());
    if server.write_all(&line).is_err() {
        return;
    }
    let (mut from_server, mut to_client) = (server.try_clone().unwrap(), client.try_clone().unwrap());
    std::thread::spawn(move || {
        // Either side may leave first.
        let _ = std::io::copy(&mut from_server, &mut to_client);
        let _ = to_client.shutdown(Shutdown::Both);
    });
    let _ = std::io::copy(&mut client, &mut server);
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_target_that_asks_for_no_token_is_judged_by_what_it_can_show() {
    let (backend, place) = (Backend::start(), Place::new());
    let url = tokenless(&backend);
    let all = validate("functional,integration,security").users(3).without_tokens_of(&url);
    // How fast this machine is is not what a door is about.
    all.at_any_speed().run(&place).ended_with(0);
    let report = place.report();
    let verdicts = verdicts(&report);
    for (id, verdict) in [
        ("isolation/canary", CheckVerdict::Pass),
        ("delivery/one-run-per-request", CheckVerdict::Pass),
        ("auth/refused", CheckVerdict::NotObservable),
        ("delivery/tabs-agree", CheckVerdict::NotObservable),
    ] {
        assert_eq!(verdicts[id], verdict, "{id}");
    }
    assert_eq!(report.coverage.missing, [""; 0]);
}

#[test]
fn a_seed_that_the_target_knows_is_said_and_blames_nobody() {
    let (backend, place) = (Backend::start(), Place::new());
    let validation = validate("functional").users(2).seed(5).of(&backend);
    validation.run(&place).ended_with(0);
    let again = validation.run(&place).ended_with(3);
    assert!(again.out.contains("seed 5 was used on it (hint: another `--seed`)"), "{}", again.said());
}

#[test]
fn a_server_that_is_asked_to_stop_drains_and_ends_well() {
    Backend::start().terminate().ended_with(0);
}

#[test]
fn a_language_model_is_not_asked_before_somebody_asks() {
    let nobody = [("GOLDENPATH_LLM_URL", "http://127.0.0.1:1/v1"), ("GOLDENPATH_LLM_MODEL", "m")];
    Backend::start_with(&["--model", "openai"], &nobody).terminate().ended_with(0);
}

#[test]
fn a_data_directory_serves_one_backend_at_a_time() {
    let backend = Backend::start();
    let second = ["serve", "--listen", "127.0.0.1:0"];
    let mut refused = Running::start(backend.directory(), &second);
    wait_for("the end of the second backend", || refused.ended().then_some(()));
    let refused = refused.end().ended_with(2);
    assert!(refused.err.contains("`goldenpath-data` is in use by another"), "{}", refused.said());
    // The first one works on, with what it holds.
    validate("functional").users(2).of(&backend).run(&Place::new()).ended_with(0);
}
