//! Connect, ask, wait for the end, judge: the steps of every session.

use goldenpath_checkers::{Category, CheckResult, Judge, JudgeConfig, Judgement, Reason, Verdict};
use goldenpath_harness::{Client, Connect, Prompt, Prompts, RunView, Scenario, TestUser, known_scenarios};
use goldenpath_history::{Direction, HISTORY_VERSION, Header, Record, RecordKind};
use goldenpath_testbed::Testbed;
use serde_json::Value;
use std::time::Duration;

/// The deadline of every wait, for what hangs. Past every limit of the product: those the judge holds, who also knows whether
/// this machine itself was late.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// Connects and waits for the greeting.
pub(crate) async fn connect(testbed: &Testbed, user: &TestUser) -> Client {
    let client = testbed.session.connect(user, Connect::fresh()).await.unwrap();
    client.wait_for_greeting(DEADLINE).await.unwrap();
    client
}

/// Asks and waits until the run ended.
pub(crate) async fn ask(
    client: &Client,
    prompts: &mut Prompts,
    scenario: &Scenario,
) -> (Prompt, String, RunView) {
    let prompt = prompts.next(scenario);
    client.ask(&prompt, None).await.unwrap();
    let ended = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap();
    let (run_id, run) =
        ended.unwrap_or_else(|| panic!("request refused: {:?}", client.view(|v| v.errors.clone())));
    (prompt, run_id, run)
}

/// Every user asks the four known prompts, all users at once, each over a connection of its own.
pub(crate) async fn everybody_asks(testbed: &Testbed, users: &[TestUser], rounds: usize) {
    let session = async |user: &TestUser| {
        let client = connect(testbed, user).await;
        for n in 1..=3 {
            client.ping(n).await.unwrap();
        }
        let mut prompts = Prompts::new(7, user.name());
        for _ in 0..rounds {
            for scenario in known_scenarios() {
                ask(&client, &mut prompts, &scenario).await;
            }
        }
        client.close().await;
    };
    futures_util::future::join_all(users.iter().map(session)).await;
}

/// All received run events of one run on one connection, in the order of their arrival.
pub(crate) fn events_of(records: &[Record<'static>], conn: u32, run_id: &str) -> Vec<Value> {
    received(records, conn)
        .into_iter()
        .filter(|event| event["run_id"] == run_id && event["seq"].is_u64())
        .collect()
}

/// All frames that one connection received, as JSON.
pub(crate) fn received(records: &[Record<'static>], conn: u32) -> Vec<Value> {
    records
        .iter()
        .filter(|record| record.conn == Some(conn))
        .filter_map(|record| match &record.kind {
            RecordKind::Frame { dir: Direction::In, raw, .. } => Some(serde_json::from_str(raw).unwrap()),
            _ => None,
        })
        .collect()
}

/// Ends the session: gives all that was recorded, with its header.
pub(crate) fn finish(testbed: Testbed) -> (Header, Vec<Record<'static>>) {
    let header = Header {
        history: HISTORY_VERSION,
        session_id: "integration".to_owned(),
        target: testbed.session.target().safe_url(),
        profile: "goldenpath".to_owned(),
        seed: 7,
        limits: Default::default(),
        t0_unix_ms: Some(testbed.session.recorder().clock().t0_unix_ms()),
        auth_mode: Some("mint".to_owned()),
        categories: Vec::new(),
        sla: false,
    };
    // It records what it noticed last.
    drop(testbed.canary);
    let finished = testbed.recording.finish().unwrap();
    assert_eq!(finished.lost, 0, "the recording itself lost records");
    (header, finished.records)
}

/// What the judge says of the session, category by category.
pub(crate) fn judge(header: &Header, records: &[Record<'static>], categories: &[Category]) -> Judgement {
    let config = JudgeConfig { categories: categories.to_vec(), ..JudgeConfig::default() };
    let mut judge = Judge::new(header, config);
    for (record, line) in records.iter().zip(2_u64..) {
        judge.observe(line, record);
    }
    judge.finish()
}

/// Asserts that none of the judged checks failed and that each of `required` looked at something and passed.
///
/// A limit that was broken while this machine kept the session's own tasks waiting for as long accuses nobody, and acquits
/// nobody: it is said, and neither a failure nor a pass is made of it.
pub(crate) fn assert_kept(judgement: &Judgement, required: &[&str]) {
    let failed: Vec<&CheckResult> =
        judgement.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "broken promises: {failed:#?}");
    for id in required {
        let check = judgement.checks.iter().find(|check| check.id == *id).unwrap();
        assert!(check.of > 0, "{id} was given nothing to look at: {check:?}");
        if check.verdict == Verdict::Inconclusive(Reason::ClientOverloaded) {
            println!(
                "{id} was not judged, this machine was too busy: {:?} of {:?}",
                check.value, check.limit
            );
            continue;
        }
        assert_eq!(check.verdict, Verdict::Pass, "{id} was not judged to pass: {check:?}");
    }
}
