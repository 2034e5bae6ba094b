//! What the judge was told before it looks: categories, limits, a target that cannot show something, a history with holes. And
//! the small rules for numbers that all checks share, told by tables.

use crate::determinism::Told;
use crate::histories::healthy;
use crate::words::{differences, said};
use goldenpath_checkers::{
    Breadth, CHECKS, Category, Check, CheckResult, ClockBounds, FINDINGS_KEPT, Finding, Index, Judge,
    JudgeConfig, Observation, Reason, RunIx, RunView, Samples, Slicer, Slo, Tally, Verdict, check_info,
    least_for_percentile, reference_number, share_kept, unix_ms_of, wilson,
};
use goldenpath_faults::fault_info;
use goldenpath_history::WitnessOf;
use goldenpath_protocol::EventType;
use goldenpath_simulator::{History, Resume, Scenario, simulate};
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

#[test]
fn an_interval_is_that_of_the_formula() {
    let intervals = [
        (0.3, 7.0, 1.0),
        (0.9, 50.0, 1.96),
        (0.5, 2.0, 3.0),
        (0.25, 16.0, 2.0),
        (0.999, 1_000.0, 2.576),
        (1.0, 1.0, 1.96),
        (0.5, 0.0, 1.96),
        (0.5, -1.0, 1.96),
    ];
    let told = intervals.map(|(share, n, z)| {
        let (low, high) = wilson(share, n, z);
        format!("{low:.6} {high:.6}")
    });
    assert_eq!(
        told,
        [
            "0.161064 0.488936",
            "0.786395 0.956525",
            "0.047733 0.952267",
            "0.100000 0.500000",
            "0.991539 0.999883",
            "0.206543 1.000000",
            "0.000000 1.000000",
            "0.000000 1.000000",
        ]
    );
}

/// Whoever asks for one check alone is told by it what it says among all the others, and nothing by any other.
#[test]
fn every_check_is_found_by_its_own_id() {
    let mut history = simulate(&Scenario::golden_path().users(2).runs(1).resuming(Resume::MidRun), 4);
    // Tokens of an issuer can be revoked: the check of that is one that looks.
    history.header.auth_mode = Some("oauth".to_owned());
    let config = || JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
    let among_all = Judge::new(&history.header, config()).judge_all(&history.records);
    for info in CHECKS {
        let mut header = history.header.clone();
        header.witness = Some(WitnessOf { check: info.id.to_owned(), lines: Vec::new() });
        let judge = Judge::new(&header, config());
        assert_eq!(judge.terms().categories, [info.category], "{}", info.id);
        assert!(format!("{judge:?}").starts_with("Judge { terms: Terms { slo: "), "{judge:?}");
        let alone = judge.judge_all(&history.records);
        for (said, usual) in alone.checks.iter().zip(&among_all.checks) {
            if said.id == info.id {
                assert_eq!(said, usual);
            } else {
                let why = format!("the history is a witness of `{}` and holds nothing else", info.id);
                assert_eq!(
                    (said.verdict.clone(), said.n, said.of),
                    (Verdict::NotRun(why), 0, 0),
                    "{}",
                    said.id
                );
            }
        }
        for category in Category::ALL {
            let judged = !matches!(
                among_all.checks.iter().find(|it| it.id == info.id).unwrap().verdict,
                Verdict::NotRun(_)
            );
            assert_eq!(alone.judged(category), judged && category == info.category, "{}", info.id);
        }
        assert_eq!((info.group(), check_info(info.id)), (info.id.split('/').next().unwrap(), Some(info)));
    }
    assert_eq!(check_info("sequence"), None);
}

/// A check of one's own for the promises of another: says what it is told to, or panics there.
struct Own {
    verdict: Verdict,
    panics: Option<&'static str>,
}

impl Own {
    fn at(&self, place: &str) {
        assert!(self.panics != Some(place), "as it is told to");
    }
}

impl Check for Own {
    fn ids(&self) -> &'static [&'static str] {
        &["content/json", "load/ladder"]
    }

    fn observe(&mut self, _: &Observation<'_>, _: &Index) {
        self.at("observe");
    }

    fn run_settled(&mut self, _: RunIx, _: &RunView, _: &Index) {
        self.at("settle");
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        self.at("finish");
        let result = |id| CheckResult {
            id,
            verdict: self.verdict.clone(),
            limit: None,
            value: None,
            n: 7,
            of: 9,
            findings: Vec::new(),
        };
        vec![result("content/json"), result("load/ladder")]
    }
}

#[test]
fn of_two_verdicts_the_worse_wins_and_a_panic_passes_nothing() {
    let history = simulate(&Scenario::golden_path().users(1).runs(1).deltas(0).without_store(), 4);
    let judged = |own: Vec<Own>| {
        let config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
        let mut judge = Judge::new(&history.header, config);
        own.into_iter().for_each(|own| judge.add(Box::new(own)));
        let said = judge.judge_all(&history.records);
        let of = |id| {
            said.checks.iter().find(|check| check.id == id).map(|check| (check.verdict.clone(), check.n))
        };
        (of("content/json").unwrap(), of("load/ladder").unwrap())
    };
    let says = |verdict| Own { verdict, panics: None };
    let open = || Verdict::Inconclusive(Reason::TimedOut);
    let (json, _) = judged(Vec::new());
    for (verdict, worse) in [
        (Verdict::NotRun("no".to_owned()), Verdict::Pass),
        (Verdict::NotObservable("no".to_owned()), Verdict::Pass),
        (Verdict::Pass, Verdict::Pass),
        (open(), open()),
        (Verdict::Fail, Verdict::Fail),
    ] {
        let (both, alone) = judged(vec![says(verdict.clone())]);
        // Nobody loaded the target, so a pass of it means nothing.
        let tempered = if verdict == Verdict::Pass {
            Verdict::Inconclusive(Reason::NoCoverage)
        } else {
            verdict.clone()
        };
        assert_eq!((&both.0, &alone), (&worse, &(tempered.clone(), 7)));
        // Where they say the same, either may be shown.
        if verdict != Verdict::Pass {
            assert_eq!(both.1, if worse == verdict { 7 } else { json.1 });
        }
        if !matches!(verdict, Verdict::NotRun(_)) {
            let others = judged(vec![says(Verdict::NotRun("none".to_owned())), says(verdict.clone())]);
            assert_eq!(others.1.0, tempered);
        }
    }
    for place in ["observe", "settle", "finish"] {
        let panicked = Verdict::Inconclusive(Reason::CheckPanicked);
        let own = Own { verdict: Verdict::Pass, panics: Some(place) };
        assert_eq!(judged(vec![own]), ((panicked.clone(), json.1), (panicked, 0)), "{place}");
        let own = Own { verdict: Verdict::Pass, panics: Some(place) };
        assert_eq!(judged(vec![own, says(Verdict::Fail)]).1, (Verdict::Fail, 7), "{place}");
    }
}

#[test]
fn limits_are_the_catalogue_s_unless_somebody_says_otherwise() {
    let told = |limits: &[(&str, f64)]| {
        let limits = limits.iter().map(|(id, limit)| ((*id).to_owned(), *limit)).collect();
        Slo::with_overrides(&limits)
    };
    let usual: Vec<(&str, f64)> = Slo::default().iter().collect();
    let mut listed: Vec<(&str, f64)> =
        CHECKS.iter().filter_map(|info| Some((info.id, info.limit?))).collect();
    listed.sort_by_key(|(id, _)| *id);
    assert_eq!(usual, listed);
    let nonsense = [("timing/silence", f64::NAN), ("timing/first-event", -1.0), ("no/such", 1.0)];
    assert_eq!(told(&nonsense), Slo::default());
    let mut slo = told(&[("timing/first-event", 0.0), ("content/json", 3.0)]);
    slo.apply(&[("timing/first-event".to_owned(), 7.5)].into());
    let asked = ["timing/first-event", "content/json", "timing/silence", "no/such"];
    assert_eq!(asked.map(|id| slo.limit(id)), [Some(7.5), Some(3.0), Some(10_000.0), None]);
}

#[test]
fn a_tally_counts_and_a_finding_names_lines_that_there_are() {
    let finding = |line: u64| Finding::new("it", "that", "this", [0, line, 0]);
    assert_eq!(finding(3).records, [3]);
    let verdict = |tell: fn(&mut Tally)| {
        let mut tally = Tally::default();
        tell(&mut tally);
        let said = tally.into_result("sequence/tool-pairs");
        (said.verdict, said.n, said.of, said.findings.len(), said.value)
    };
    let open = Verdict::Inconclusive;
    assert_eq!(verdict(|_| {}), (open(Reason::NoCoverage), 0, 0, 0, None));
    assert_eq!(verdict(Tally::kept), (Verdict::Pass, 1, 1, 0, None));
    assert_eq!(verdict(Tally::broke_unseen), (Verdict::Fail, 0, 1, 0, None));
    assert_eq!(verdict(|tally| tally.note(|| Finding::new("", "", "", []))), (Verdict::Fail, 0, 0, 1, None));
    let doubted = |tally: &mut Tally| {
        tally.kept();
        tally.doubt(Reason::TimedOut);
        tally.doubt(Reason::CaptureIncomplete);
        tally.value = Some(f64::INFINITY);
    };
    assert_eq!(verdict(doubted), (open(Reason::TimedOut), 1, 1, 0, None));
    let many = |tally: &mut Tally| {
        tally.judge(None);
        tally.doubt(Reason::TimedOut);
        (0..FINDINGS_KEPT + 1).for_each(|_| tally.judge(Some(Finding::new("", "", "", []))));
        tally.value = Some(2.5);
    };
    assert_eq!(verdict(many), (Verdict::Fail, 1, FINDINGS_KEPT as u64 + 2, FINDINGS_KEPT, Some(2.5)));
}

#[test]
fn a_clock_is_known_between_what_was_asked_and_what_was_heard() {
    let mut clock = ClockBounds::default();
    assert_eq!((clock.readings(), clock.offset_ms(0)), (0, None));
    clock.narrow(1_000_050, None, 100.0);
    assert_eq!((clock.readings(), clock.offset_ms(1)), (1, None));
    clock.narrow(1_000_050, Some(20.0), 100.0);
    assert_eq!(clock.offset_ms(2), Some((999_950.0, 1_000_031.0)));
    clock.narrow(1_000_210, Some(200.0), 220.0);
    assert_eq!((clock.offset_ms(3), clock.offset_ms(4)), (Some((999_990.0, 1_000_011.0)), None));
    clock.narrow(1_000_300, Some(309.0), 310.0);
    assert_eq!(clock.offset_ms(1), Some((999_990.0, 999_992.0)));
    clock.narrow(1_000_300, Some(311.0), 312.0);
    assert_eq!(clock.offset_ms(1), Some((999_990.0, 999_990.0)));
    clock.narrow(1_000_300, Some(312.0), 313.0);
    assert_eq!((clock.readings(), clock.offset_ms(1)), (6, None));
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
