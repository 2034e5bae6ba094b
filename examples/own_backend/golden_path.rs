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
    Auth, Connect, MintSettings, Minter, Prompts, Recording, Scenario, Session, Target, TestUser, View,
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

    // Both ask, each a question of their own. Their runs must overlap, or isolation could not be judged: so no tool answers
    // before both wait for one. A backend whose runs take seconds needs no such care.
    let ask = async |user: &TestUser, harbour: &str| {
        let client = session.connect(user, Connect::fresh()).await.unwrap();
        client.wait_for_greeting(DEADLINE).await.unwrap();
        let question = format!("When can the ferry leave {harbour} on Friday?");
        let prompt = Prompts::new(7, user.name()).next(&Scenario::new("ferry", question));
        client.ask(&prompt, None).await.unwrap();
        let tool = |view: &View| (view.last_type() == "tool_executing").then_some(());
        client.wait_for("a tool", DEADLINE, tool).await.unwrap();
        (client, prompt.request_id)
    };
    let (ada, grace) = tokio::join!(ask(&users[0], "Harwich"), ask(&users[1], "Tórshavn"));
    backend.open_tide_table();
    for (client, request_id) in [ada, grace] {
        client.wait_for_end(&request_id, DEADLINE).await.unwrap().unwrap();
        client.close().await;
    }

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
        not_observable: Default::default(),
        witness: None,
    };
    let categories = vec![Category::Functional, Category::Integration, Category::Security];
    // A busy machine is no broken promise: how fast the backend is, `goldenpath validate` judges on an idle one.
    let limits = ["timing/first-event", "timing/agent-started"].map(|id| (id.to_owned(), 10_000.0)).into();
    let config = JudgeConfig { categories, limits, ..JudgeConfig::default() };
    let checks = Judge::new(&header, config).judge_all(&recording.finish().unwrap().records).checks;
    let broken: Vec<&CheckResult> = checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
    for id in REQUIRED {
        let check = checks.iter().find(|check| check.id == id).unwrap();
        assert_eq!(check.verdict, Verdict::Pass, "{id} could not be judged: {check:?}");
    }
}
