//! `docs/checks.md` is the catalogue and its guides, written out: a check that is added, renamed or limited otherwise
//! changes the page in the same commit. `UPDATE_EXPECT=1 cargo test -p goldenpath-report --test checks_page` rewrites it.

use expect_test::expect_file;
use goldenpath_checkers::{CHECKS, Category, CheckInfo, JudgeConfig, Required};
use goldenpath_report::guide;
use std::fmt::Write;

#[test]
fn the_page_of_checks_is_the_catalogue() {
    expect_file!["../../../docs/checks.md"].assert_eq(&page());
}

const HEAD: &str = "\
# The checks

Generated from the catalogue; `UPDATE_EXPECT=1 cargo test -p goldenpath-report --test checks_page` rewrites it.
`goldenpath explain ID` prints the same for one check.

A check gives one verdict. **pass**: it looked, and the promise was kept. **fail**: it looked, and the promise was broken; the findings name
the lines of the history. **inconclusive**: it could not look well enough, and says why. **not_observable**: this kind of target cannot show
it. **not_run**: its category was not asked for, or this version does not judge it.

*Required* checks keep a release from being approved when they fail (exit 1) and when they stay inconclusive (exit 3). *Where visible* means:
required, unless the profile or the authentication mode says that the target cannot show it. *Advice* never blocks.
Limits are the defaults; `[limits]` in `goldenpath.toml` overrides any of them by id.

Before `validate` or `check` decides anything, every check that it could judge by must fail a built-in history that breaks its promise, and pass one
that keeps it ([calibration](architecture.md#calibration)); otherwise the command says which does not, and exits with 70.
";

fn page() -> String {
    let mut page = HEAD.to_owned();
    for category in Category::ALL {
        let checks = || CHECKS.iter().filter(|info| info.category == category);
        let _ = write!(page, "\n## {category}\n\n");
        if JudgeConfig::IF_SHOWN.contains(&category) {
            page.push_str("In a saved history judged as far as it shows it; `validate` does not drive it yet, and reports it as not run.\n\n");
        } else if !JudgeConfig::JUDGED.contains(&category) {
            page.push_str("In a saved history judged when it is asked for by name; `validate` does not drive it yet, and reports it as not run.\n\n");
        }
        page.push_str("| check | promise | limit | required |\n|---|---|---|---|\n");
        for info in checks() {
            let _ = writeln!(
                page,
                "| [`{}`](#{}) | {} | {} | {} |",
                info.id,
                anchor(info),
                info.promise,
                limit(info),
                required(info)
            );
        }
        for info in checks() {
            page.push_str(&section(info));
        }
    }
    page
}

fn section(info: &CheckInfo) -> String {
    let guide = guide(info.id).expect("every check is explained");
    let mut section = format!("\n### {}\n\n{}\n", info.id, guide.meaning);
    if !guide.broken_by.is_empty() {
        let known: Vec<&str> = guide.broken_by.iter().map(|(_, what)| *what).collect();
        let _ = write!(section, "\n- **Fails on:** {}.", known.join("; "));
    }
    let _ = writeln!(section, "\n- **What to do:** {}.", guide.remedy);
    section
}

/// The anchor that Markdown renderers give the section's heading.
fn anchor(info: &CheckInfo) -> String {
    info.id.replace('/', "")
}

fn limit(info: &CheckInfo) -> String {
    match (info.limit, info.unit) {
        (Some(limit), Some(unit)) => format!("{limit} {unit}"),
        _ => "–".to_owned(),
    }
}

fn required(info: &CheckInfo) -> &'static str {
    match info.required {
        Required::Always => "yes",
        Required::IfObservable => "where visible",
        Required::Advice => "advice",
    }
}
