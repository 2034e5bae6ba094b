//! Decision tables: small histories, each at the edges of one rule, and all that the checks say of them.
//!
//! A case of `tables/*.tale` is a title (`#`), the checks that it asks (`?`), what is configured (`!`) and a history in short lines
//! (`notation`). `<a|b>` stands for each of its alternatives in turn; those with the same letter (`<x:a|b>`) change together (`choices`).
//! The page of a file says under each case which alternatives are judged how; so both sides of a limit stand beside each other.
//!
//! `INSTA_UPDATE=always cargo test -p tests-unit tables` writes the pages anew; the difference is to be read like code.

mod choices;
mod cuttings;
mod frames;
mod notation;
mod sheet;
mod watch;

use rstest::rstest;

#[rstest]
#[case::auth("auth", include_str!("tables/auth.tale"))]
#[case::connection("connection", include_str!("tables/connection.tale"))]
#[case::continuity("continuity", include_str!("tables/continuity.tale"))]
#[case::delivery("delivery", include_str!("tables/delivery.tale"))]
#[case::index("index", include_str!("tables/index.tale"))]
#[case::judge("judge", include_str!("tables/judge.tale"))]
#[case::load("load", include_str!("tables/load.tale"))]
#[case::resources("resources", include_str!("tables/resources.tale"))]
#[case::sequence("sequence", include_str!("tables/sequence.tale"))]
#[case::shrink("shrink", include_str!("tables/shrink.tale"))]
#[case::timing("timing", include_str!("tables/timing.tale"))]
fn what_lies_at_an_edge_is_judged_as_its_page_says(#[case] name: &str, #[case] cases: &str) {
    let page: String = sheet::cases(cases).map(sheet::told).collect();
    assert!(!page.is_empty(), "no case begins with `# `");
    insta::assert_snapshot!(name, page);
}
