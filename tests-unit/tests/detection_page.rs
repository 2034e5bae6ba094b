//! `docs/detection.md` says what the code says: every row with its owner, caught on every seed that the tests of detection try, every
//! healthy variation quiet, every fault of the tester's own inconclusive. It is written by
//! `goldenpath selftest --seed 0 --output-dir DIR`, as `detection.md` of the session's folder.

use crate::detection::{HEALTHY_SEEDS, SEEDS};
use goldenpath_detection::{HEALTHY, Rate, healthy_cases, tester_faults};
use goldenpath_faults::catalogue;
use std::collections::BTreeMap;

/// The cells of each row that begins with an id, by that id.
fn rows() -> BTreeMap<String, Vec<String>> {
    let page = page();
    let lines = page.lines().filter(|line| line.starts_with("| ") && !line.contains("---"));
    let cells = |line: &str| -> Vec<String> {
        let line = line.replace("\\|", "\u{0}");
        line.trim_matches('|').split('|').map(|cell| cell.trim().replace('\u{0}', "|")).collect()
    };
    let id = |cells: &Vec<String>| {
        let letters = cells[0].chars().take_while(char::is_ascii_uppercase).count();
        letters == 1 && cells[0].len() == 3
    };
    lines.map(cells).filter(id).map(|cells| (cells[0].clone(), cells)).collect()
}

fn page() -> String {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/detection.md");
    std::fs::read_to_string(path).unwrap()
}

#[test]
fn the_page_names_every_fault_its_owner_and_what_the_tests_show() {
    let mut rows = rows();
    for row in catalogue() {
        let cells = rows.remove(row.id).unwrap_or_else(|| panic!("{} is not on the page", row.id));
        let owner = format!("`{}`", row.owner);
        assert_eq!(cells[1..4], [row.summary.to_owned(), owner, format!("{SEEDS}/{SEEDS}")], "{}", row.id);
    }
    let rate = Rate { n: catalogue().count() as u64, of: catalogue().count() as u64 };
    let low = rate.low().unwrap() * 100.0;
    let said = format!(
        "simulated: {n} of {n} (at least {low:.1} % with 95 % confidence); {of} of {of} sessions",
        n = rate.n,
        of = rate.n * SEEDS
    );
    assert!(page().contains(&said), "the page does not say: {said}");
    let others = |id: &str| id.starts_with('H') || id.starts_with('V');
    let unknown: Vec<&String> = rows.keys().filter(|id| !others(id)).collect();
    assert!(unknown.is_empty(), "on the page, and no row: {unknown:?}");
}

/// Beside the generated sessions a real one was driven for each row, and it was caught; or the page says what is missing.
#[test]
fn the_page_says_of_every_fault_what_became_of_it_live() {
    let rows = rows();
    let live: BTreeMap<&str, &str> = catalogue().map(|row| (row.id, rows[row.id][4].as_str())).collect();
    // What was measured again says so in its cell.
    let caught = |cell: &str| cell == "1/1" || cell.starts_with("1/1 (");
    let driven = live.values().filter(|cell| caught(cell)).count() as u64;
    let not: Vec<&str> = live.iter().filter(|(_, cell)| !caught(cell)).map(|(id, _)| *id).collect();
    assert_eq!(not, ["E07", "G01", "G03", "P01", "P02", "P03", "P04"]);
    assert!(not.iter().all(|id| live[id].starts_with("no driver: ") && live[id].len() > 30), "{live:?}");
    let low = Rate { n: driven, of: driven }.low().unwrap() * 100.0;
    let said = format!("live: {driven} of {driven} (at least {low:.1} % with 95 % confidence)");
    assert!(page().contains(&said), "the page does not say: {said}");
}

#[test]
fn the_page_names_every_healthy_variation_quiet_and_every_fault_of_the_tester_inconclusive() {
    let rows = rows();
    for (id, summary) in HEALTHY {
        let variations = healthy_cases().filter(|case| case.row == *id).count() as u64;
        let sessions = (variations * HEALTHY_SEEDS).to_string();
        assert_eq!(rows[*id], [*id, *summary, sessions.as_str(), "none"], "{id}");
    }
    for (id, summary) in tester_faults() {
        assert_eq!(rows[id][..3], [id, summary, "inconclusive"], "{id}");
    }
}
