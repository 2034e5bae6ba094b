//! Connect, ask, wait for the end, judge: the steps of every session.

use goldenpath_checkers::{Category, CheckResult, Judge, JudgeConfig, Judgement, Reason, Verdict};
use goldenpath_harness::{
    Canary, Client, Connect, Prompt, Prompts, RunView, Scenario, TestUser, known_scenarios,
};
use goldenpath_history::{Direction, HISTORY_VERSION, Header, Record, RecordKind};
use goldenpath_testbed::Testbed;
use serde_json::Value;
use std::time::Duration;
use tokio::sync::Mutex;
use tokio::time::Instant;

/// The deadline of every wait, for what hangs. Past every limit of the product: those the judge holds, who also knows whether
/// this machine itself was late.
pub(crate) const DEADLINE: Duration = Duration::from_secs(120);

/// For so long a session is measured again while this machine is too busy to tell.
const MEASURING: Duration = Duration::from_secs(180);

/// A second of a calm machine is late by no more: each way, out and back, may be late by it before the tightest limit, 100 ms, is.
const CALM: Duration = Duration::from_millis(50);

/// Who waits longer for a calm machine may as well measure on this one: most sessions are in time on busy machines, too.
const CALM_WITHIN: Duration = Duration::from_secs(15);

static TURN: Mutex<()> = Mutex::const_new(());

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
    let (run_id, run) = end(client, &prompt.request_id).await;
    (prompt, run_id, run)
}

/// Waits until the run of a request ended.
pub(crate) async fn end(client: &Client, request_id: &str) -> (String, RunView) {
    let ended = client.wait_for_end(request_id, DEADLINE).await.unwrap();
    ended.unwrap_or_else(|| panic!("request refused: {:?}", client.view(|v| v.errors.clone())))
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
        auth_mode: Some(testbed.session.auth().mode.name().to_owned()),
        categories: Vec::new(),
        sla: false,
        not_observable: Default::default(),
        witness: None,
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
    Judge::new(header, config).judge_all(records)
}

/// Asserts that none of the judged checks failed and that each of `required` looked at something and passed.
pub(crate) fn assert_kept(judgement: &Judgement, required: &[&str]) {
    assert_none_failed(judgement);
    for check in checks(judgement, required) {
        assert!(check.of > 0, "{} was given nothing to look at: {check:?}", check.id);
        assert_eq!(check.verdict, Verdict::Pass, "{} was not judged to pass: {check:?}", check.id);
    }
}

fn assert_none_failed(judgement: &Judgement) {
    let failed: Vec<&CheckResult> =
        judgement.checks.iter().filter(|check| check.verdict == Verdict::Fail).collect();
    assert!(failed.is_empty(), "broken promises: {failed:#?}");
}

fn checks<'a>(judgement: &'a Judgement, ids: &[&str]) -> impl Iterator<Item = &'a CheckResult> {
    ids.iter().map(|id| judgement.checks.iter().find(|check| check.id == *id).unwrap())
}

/// Drives a session on a backend of its own and holds the limits of the service level against it: none may be broken, and each of
/// `required` must have been judged and kept.
///
/// What this machine was too busy to judge is measured again, after a wait for a calmer moment; a broken limit never is. What is
/// still not judged when the time for that is over fails the test: nobody knows whether the promise holds.
pub(crate) async fn keeps_limits(required: &[&str], act: impl AsyncFn(&Testbed)) {
    // Two measured sessions at once would measure each other.
    let _turn = TURN.lock().await;
    let until = Instant::now() + MEASURING;
    loop {
        let testbed = Testbed::builder().start().await.unwrap();
        act(&testbed).await;
        let (header, records) = finish(testbed);
        let judgement = judge(&header, &records, &[Category::Performance]);
        assert_none_failed(&judgement);
        let overloaded =
            |check: &&CheckResult| check.verdict == Verdict::Inconclusive(Reason::ClientOverloaded);
        let Some(check) = checks(&judgement, required).find(overloaded) else {
            return assert_kept(&judgement, required);
        };
        let said = format!(
            "{} could not be judged, {:?} of {:?}: this machine is too busy, up to {} ms late",
            check.id,
            check.value,
            check.limit,
            worst_lag(&records)
        );
        assert!(Instant::now() < until, "{said}");
        println!("{said}; calmer now: {:?}", Canary::calm(CALM, CALM_WITHIN).await);
    }
}

/// The worst lag that the canary recorded, milliseconds.
fn worst_lag(records: &[Record<'static>]) -> f64 {
    let lag = |record: &Record<'_>| match &record.kind {
        RecordKind::Sample { name, value } if name == "scheduler_lag_ms" => Some(*value),
        _ => None,
    };
    records.iter().filter_map(lag).fold(0.0, f64::max)
}
