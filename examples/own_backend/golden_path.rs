//! A Rust integration test of one's own backend: real connections, everything recorded, judged by the same checks as
//! `goldenpath validate`. Copy it to your `tests/`, start your backend where [`Backend`] is started, and ask your questions.
//!
//! ```toml
//! [dev-dependencies]
//! goldenpath-harness = { path = "../goldenpath/crates/harness" }
//! goldenpath-checkers = { path = "../goldenpath/crates/checkers" }
//! goldenpath-history = { path = "../goldenpath/crates/history" }
//! ```
//!
//! Here it runs with the integration tier: `cargo test -p tests-integration own_backend`.

use super::backend::{Backend, KEY};
use goldenpath_checkers::{Category, CheckResult, Judge, JudgeConfig, Verdict};
use goldenpath_harness::{
    Auth, Client, Connect, MintSettings, Minter, Prompts, Recording, Scenario, Session, Target, TestUser,
};
use goldenpath_history::{HISTORY_VERSION, Header};
use std::time::Duration;

/// No wait is longer.
const DEADLINE: Duration = Duration::from_secs(45);

/// What must have been looked at and found right; everything else that was looked at must not have failed.
const REQUIRED: [&str; 8] = [
    "sequence/five-in-order",
    "sequence/tool-pairs",
    "sequence/one-terminal",
    "content/schema",
    "content/meaningful",
    "delivery/no-loss",
    "isolation/canary",
    "isolation/identity",
];

#[tokio::test]
async fn my_backend_shows_its_work_to_every_user() {
    // The backend under test, and a recording of all that its users see.
    let backend = Backend::start().await.unwrap();
    let target = Target::new(&format!("ws://{}/ws", backend.addr)).unwrap();
    let recording = Recording::in_memory().unwrap();
    // Users with tokens of their own, signed as the backend expects; `Auth::none()` where there are none.
    let settings = MintSettings { audience: "ferries".to_owned(), ..MintSettings::default() };
    let auth = Auth::mint(Minter::new(settings, KEY).unwrap());
    let session = Session::new(target, auth, recording.recorder());
    let users = TestUser::roster(7, 2, session.auth());

    // Both ask at once, each a question of their own: their runs must overlap, or isolation could not be judged.
    let connect = async |user: &TestUser| {
        let client = session.connect(user, Connect::fresh()).await.unwrap();
        client.wait_for_greeting(DEADLINE).await.unwrap();
        client
    };
    let ask = async |client: &Client, harbour: &str| {
        let question = format!("When can the ferry leave {harbour} on Friday?");
        let prompt = Prompts::new(7, client.user()).next(&Scenario::new("ferry", question));
        client.ask(&prompt, None).await.unwrap();
        let ended = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap();
        assert!(ended.is_some(), "the request was refused: {:?}", client.view(|view| view.errors.clone()));
        client.close().await;
    };
    let (ada, grace) = tokio::join!(connect(&users[0]), connect(&users[1]));
    tokio::join!(ask(&ada, "Harwich"), ask(&grace, "Tórshavn"));

    // The judgement: a fold over the record.
    let header = Header {
        history: HISTORY_VERSION,
        session_id: "my-backend".to_owned(),
        target: session.target().safe_url(),
        profile: "goldenpath".to_owned(),
        seed: 7,
        limits: Default::default(),
        t0_unix_ms: Some(session.recorder().clock().t0_unix_ms()),
        auth_mode: Some("mint".to_owned()),
        categories: Vec::new(),
        sla: false,
    };
    let categories = vec![Category::Functional, Category::Integration, Category::Security];
    let mut judge = Judge::new(&header, JudgeConfig { categories, ..JudgeConfig::default() });
    let records = recording.finish().unwrap().records;
    for (line, record) in (2..).zip(&records) {
        judge.observe(line, record);
    }
    let checks = judge.finish().checks;
    let broken: Vec<&CheckResult> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
    for id in REQUIRED {
        let check = checks.iter().find(|check| check.id == id).unwrap();
        assert_eq!(check.verdict, Verdict::Pass, "{id} could not be judged: {check:?}");
    }
}
