//! `explain ID`: what a check means, what is known to break it, what to do; of a fault, what it is and which check must catch it. Text
//! is the report's guide.

mod rows;

use crate::args::{ExplainArgs, Format};
use crate::exit::{CommandError, Exit};
use crate::nearest::unknown;
use goldenpath_checkers::{CHECKS, CheckInfo, Required};
use goldenpath_report::{Guide, guide};
use rows::Row;
use serde_json::json;
use std::fmt::Write;

/// Prints what `args` asks for.
pub(crate) fn explain(
    args: &ExplainArgs,
    format: Format,
    out: &mut dyn std::io::Write,
) -> Result<Exit, CommandError> {
    let text = match (&args.id, format) {
        (Some(id), Format::Text) => Row::of(id).map_or_else(|| find(id).map(page), |row| Ok(row.page()))?,
        (Some(id), Format::Json) => {
            Row::of(id).map_or_else(|| find(id).map(one_json), |row| Ok(row.json()))?.to_string() + "\n"
        }
        (None, Format::Text) => list(),
        (None, Format::Json) => {
            serde_json::Value::from(CHECKS.iter().map(one_json).collect::<Vec<_>>()).to_string() + "\n"
        }
    };
    // A reader that closed its end (`| head`) has all it wanted.
    let _ = out.write_all(text.as_bytes());
    Ok(Exit::Approved)
}

fn find(id: &str) -> Result<&'static CheckInfo, CommandError> {
    CHECKS.iter().find(|info| info.id == id).ok_or_else(|| {
        let known: Vec<&str> = CHECKS.iter().map(|info| info.id).chain(rows::ids()).collect();
        let said = unknown("check", id, &known);
        // The list of all ids is a command of its own.
        let short = said.split(" (valid").next().unwrap_or(&said).to_owned();
        CommandError::Usage(format!("{short} (hint: `goldenpath explain` lists all)"))
    })
}

fn required(info: &CheckInfo) -> &'static str {
    match info.required {
        Required::Always => "required for any target",
        Required::IfObservable => "required where the target can show it",
        Required::Advice => "advice, never blocks",
    }
}

fn broken_by(info: &CheckInfo) -> &'static [(&'static str, &'static str)] {
    guide(info.id).map_or(&[], |guide: &Guide| guide.broken_by)
}

fn page(info: &CheckInfo) -> String {
    let mut page = String::new();
    let _ = writeln!(page, "{}\n  {}\n", info.id, info.promise);
    let _ = writeln!(page, "  category  {} ({})", info.category, required(info));
    if let Some(limit) = info.limit {
        let _ = writeln!(
            page,
            "  limit     {limit} {} (`[limits]` of the configuration)",
            info.unit.unwrap_or_default()
        );
    }
    let Some(guide) = guide(info.id) else { return page };
    let _ = writeln!(page, "\nwhat it means\n  {}", guide.meaning);
    if !guide.broken_by.is_empty() {
        page.push_str("\nwhat is known to break it\n");
        for (row, what) in guide.broken_by {
            let _ = writeln!(page, "  {row}  {what}");
        }
    }
    let _ = writeln!(page, "\nwhat to do\n  {}", guide.remedy);
    page
}

fn list() -> String {
    let mut list = String::new();
    for info in CHECKS {
        let _ = writeln!(list, "{:<30} {:<12} {}", info.id, info.category.as_str(), info.promise);
    }
    list
}

fn one_json(info: &CheckInfo) -> serde_json::Value {
    let faults: Vec<_> =
        broken_by(info).iter().map(|(row, what)| json!({"row": row, "what": what})).collect();
    json!({
        "id": info.id,
        "category": info.category.as_str(),
        "required": required(info),
        "limit": info.limit,
        "unit": info.unit,
        "promise": info.promise,
        "meaning": guide(info.id).map(|guide| guide.meaning),
        "broken_by": faults,
        "remedy": guide(info.id).map(|guide| guide.remedy),
    })
}

#[cfg(test)]
mod tests {
    use super::{ExplainArgs, Format, explain};
    use crate::exit::Exit;
    use goldenpath_checkers::CHECKS;

    fn said(id: Option<&str>, format: Format) -> Result<String, String> {
        let mut out = Vec::new();
        let args = ExplainArgs { id: id.map(str::to_owned) };
        let exit = explain(&args, format, &mut out).map_err(|why| why.to_string())?;
        assert_eq!(exit, Exit::Approved);
        Ok(String::from_utf8(out).unwrap())
    }

    #[test]
    fn every_check_is_explained() {
        for info in CHECKS {
            let page = said(Some(info.id), Format::Text).unwrap();
            assert!(page.contains(info.promise) && page.contains("what to do"), "{page}");
        }
        insta::assert_snapshot!(said(Some("sequence/tool-pairs"), Format::Text).unwrap());
    }

    #[test]
    fn an_unknown_check_names_the_nearest_one() {
        let why = said(Some("sequence/tool-pair"), Format::Text).unwrap_err();
        assert!(why.contains("did you mean `sequence/tool-pairs`?"), "{why}");
    }

    #[test]
    fn a_fault_names_the_check_that_must_catch_it() {
        let page = said(Some("l04"), Format::Text).unwrap();
        assert!(page.contains("sequence/tool-pairs") && page.contains("Loss"), "{page}");
        insta::assert_snapshot!(page);
        let json: serde_json::Value =
            serde_json::from_str(&said(Some("A07"), Format::Json).unwrap()).unwrap();
        assert_eq!((&json["owner"], &json["made"]), (&"auth/revocation".into(), &"backend".into()));
        assert!(said(Some("H07"), Format::Text).unwrap().contains("nested agents"));
        assert!(said(Some("V04"), Format::Text).unwrap().contains("lost records"));
        assert!(said(Some("L77"), Format::Text).unwrap_err().contains("did you mean `L"));
    }

    #[test]
    fn json_is_one_document() {
        let all: serde_json::Value = serde_json::from_str(&said(None, Format::Json).unwrap()).unwrap();
        assert_eq!(all.as_array().unwrap().len(), CHECKS.len());
    }
}
