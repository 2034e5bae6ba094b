//! What the judge was told before it looks: categories, limits, a target that cannot show something, a history with holes. And
//! the small rules for numbers that all checks share, told by tables.

use crate::determinism::Told;
use crate::histories::healthy;
use crate::words::{differences, said};
use goldenpath_checkers::{
    Breadth, CHECKS, Category, Judge, JudgeConfig, Samples, Slicer, Verdict, least_for_percentile,
    reference_number, share_kept, unix_ms_of, wilson,
};
use goldenpath_faults::fault_info;
use goldenpath_protocol::EventType;
use goldenpath_simulator::{History, Scenario, simulate};
use std::fmt::Write as _;

/// A way to judge: what is configured, and what is said to the judge at the middle of the history.
type Way = (&'static str, fn(&mut JudgeConfig), fn(&mut Judge));

const WAYS: [Way; 9] = [
    ("limits of a capture of unknown make", |config| config.judge_timing = false, |_| {}),
    ("no references are quoted", |config| config.quotes_reference = false, |_| {}),
    ("read to an end that is none", |config| config.complete = false, |_| {}),
    ("one category", |config| config.categories = vec![Category::Security], |_| {}),
    ("what the header asks for", |config| config.categories.clear(), |_| {}),
    ("no thoughts", |config| config.absent_events = vec![EventType::AgentThinking], |_| {}),
    (
        "cannot be seen",
        |config| drop(config.not_observable.insert("content/json".to_owned(), "no frames".to_owned())),
        |_| {},
    ),
    ("a hole in the middle", |_| {}, Judge::mark_incomplete),
    ("cut", |_| {}, Judge::mark_cut),
];

#[test]
fn what_was_told_before_changes_what_is_said_as_this_page_says() {
    let mut page = String::new();
    let broken = |id| Told::Broken(fault_info(id).unwrap()).sessions(11).1.history;
    for (name, history) in [("healthy", healthy(4)), ("L04", broken("L04")), ("W01", broken("W01"))] {
        let usual = said(&history);
        for (way, configure, tell) in WAYS {
            let mut config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
            configure(&mut config);
            let mut judge = Judge::new(&history.header, config);
            for (line, record) in history.numbered() {
                if line == history.records.len() as u64 / 2 {
                    tell(&mut judge);
                }
                judge.observe(line, record);
            }
            let _ = writeln!(page, "\n# {name}: {way}");
            differences(&mut page, &judge.finish(), &usual);
        }
    }
    insta::assert_snapshot!("ways", page);
}

/// What was measured, told as the limit, is the limit; a hair to either side decides.
#[test]
fn a_value_at_its_limit_is_judged_as_this_page_says() {
    let crowd = simulate(&Scenario::golden_path().users(24).runs(2), 11);
    let mut page = String::new();
    for history in [healthy(4), crowd] {
        for check in said(&history).checks {
            let (Some(value), Some(_)) = (check.value, check.limit) else { continue };
            let at = |limit: f64| {
                let limits = [(check.id.to_owned(), limit)].into();
                let config =
                    JudgeConfig { categories: Category::ALL.to_vec(), limits, ..JudgeConfig::default() };
                let said = Judge::new(&history.header, config).judge_all(&history.records);
                let check = said.checks.into_iter().find(|said| said.id == check.id).unwrap();
                format!("{:?} {}/{}", check.verdict, check.n, check.of)
            };
            let hair = value.abs() * 1e-6;
            let [below, on, above] = [value - hair, value, value + hair].map(at);
            let _ = writeln!(page, "{} {value:.4}: below {below}; at it {on}; above {above}", check.id);
        }
    }
    insta::assert_snapshot!("limits", page);
}

#[test]
fn categories_are_read_by_their_names_only() {
    for category in Category::ALL {
        assert_eq!(category.as_str().parse(), Ok(category));
    }
    let unknown = "functionall".parse::<Category>().unwrap_err();
    assert_eq!(unknown.to_string(), "`functionall` is no category");
}

#[test]
fn shares_and_percentiles_need_their_samples() {
    let kept = [(0, 1), (1, 199), (10, 200), (11, 200), (12, 240), (13, 240), (0, 0)];
    assert_eq!(
        kept.map(|(outside, of)| share_kept(outside, of)),
        [true, false, true, false, true, false, true]
    );
    assert_eq!(
        [0.0, 0.5, 0.9, 0.95, 0.99, 1.0].map(least_for_percentile),
        [10, 20, 100, 200, 1_000, u64::MAX]
    );
    let mut samples = Samples::default();
    assert_eq!((samples.is_empty(), samples.average(), samples.max()), (true, None, None));
    samples.add(f64::NAN);
    (1..20).for_each(|value| samples.add(f64::from(value)));
    assert_eq!((samples.len(), samples.percentile(0.5), samples.average()), (19, None, Some(10.0)));
    samples.add(20.0);
    assert_eq!((samples.is_empty(), samples.max(), samples.above(18.0)), (false, Some(20.0), 2));
    assert_eq!(samples.percentile(0.5), Some(10.0));
    let bounds = [wilson(0.5, 100.0, 1.959_964), wilson(1.0, 10.0, 1.959_964), wilson(0.0, 10.0, 1.959_964)];
    let bounds = bounds.map(|(low, high)| format!("{low:.4} {high:.4}"));
    assert_eq!(bounds, ["0.4038 0.5962", "0.7225 1.0000", "0.0000 0.2775"]);
}

#[test]
fn instants_and_references_are_read_in_one_spelling() {
    let instants = [
        ("1970-01-01T00:00:00.001Z", Some(1)),
        ("2000-02-29T23:59:59.999Z", Some(951_868_799_999)),
        ("1999-12-31T12:30:15.250Z", Some(946_643_415_250)),
        ("2024-12-31T00:00:00.000Z", Some(1_735_603_200_000)),
        ("1900-02-29T00:00:00.000Z", None),
        ("2023-02-29T00:00:00.000Z", None),
        ("2023-04-31T00:00:00.000Z", None),
        ("2023-13-01T00:00:00.000Z", None),
        ("2023-00-01T00:00:00.000Z", None),
        ("2023-01-00T00:00:00.000Z", None),
        ("2023-01-32T00:00:00.000Z", None),
        ("2023-01-01T24:00:00.000Z", None),
        ("2023-01-01T00:60:00.000Z", None),
        ("2023-01-01T00:00:60.000Z", None),
        ("2023-01-01 00:00:00.000Z", None),
        ("2023-01-01T00:00:00.00aZ", None),
        ("2023-01-01T00:00:00Z", None),
    ];
    for (text, ms) in instants {
        assert_eq!(unix_ms_of(text), ms, "{text}");
    }
    assert_eq!(reference_number("gp-000000000000000000000000000000ff"), Some(255));
    assert_eq!(reference_number("gp-00000000000000000000000000000ff"), None);
    assert_eq!(reference_number("xx-000000000000000000000000000000ff"), None);
}

/// A slice of a finding: its records and its run; its user; everything.
#[test]
fn what_a_finding_concerns_grows_with_the_breadth() {
    let (healthy, broken) = Told::Broken(fault_info("L04").unwrap()).sessions(11);
    let taken = |history: &History, id: &str| {
        let checks = said(history).checks;
        let check = checks.iter().find(|check| check.id == id && check.verdict == Verdict::Fail).unwrap();
        let mut slicer = Slicer::new(&check.findings[0]);
        history.numbered().for_each(|(line, record)| slicer.look(line, record));
        Breadth::ALL.map(|breadth| {
            history.numbered().filter(|(line, record)| slicer.takes(breadth, *line, record)).count()
        })
    };
    let [runs, users, whole] = taken(&broken.history, "sequence/tool-pairs");
    assert!(0 < runs && runs < users && users < whole, "{runs} {users} {whole}");
    assert_eq!(whole, broken.history.records.len());
    assert!(whole >= healthy.records.len() - 1 && CHECKS.len() > 70);
}
