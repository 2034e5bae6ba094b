//! Sentences about what is paid for nothing: idle resources and wild days.

use crate::model::findings::Findings;
use crate::model::phrasing::{Voice, enumerated};
use crate::model::plan::Lookup;

/// Idle resources, the dearest by name.
pub(in crate::model) fn idle(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let found = findings.get(Lookup::Idle)?;
    let currency = found.text("currency");
    let judged = found.count("judged").to_string();
    let items: Vec<_> = found
        .list("idle")
        .iter()
        .take(3)
        .filter_map(|item| {
            let cost = item.money("monthly_cost", currency)?;
            let name = item.text("resource");
            Some(match item.count("idle_days") {
                0 => format!("{name} ({cost})"),
                days => voice.say(
                    &[
                        "<name> (<days> days, <cost>)",
                        "<name> for <days> days at <cost>",
                        "<name>, <cost>, <days> days",
                    ],
                    &[("name", name), ("days", &days.to_string()), ("cost", &cost)],
                ),
            })
        })
        .collect();
    let total = found.money("monthly_total", currency)?;
    if items.is_empty() {
        return Some(voice.say(
            &[
                "{None|Not one} of <judged> resources {judged|checked} {stands|is} idle.",
                "<judged> resources checked, none idle.",
            ],
            &[("judged", &judged)],
        ));
    }
    Some(voice.say(
        &[
            "{Paid|Billed} but {unused|not used}: <items>; <total> a month.",
            "Idle {among|out of} <judged> {judged|checked}: <items>, <total> {monthly|together}.",
            "{Nothing|Nobody} uses <items>. {Cost|Price}: <total> {monthly|each month}.",
            "<total> a month {feeds|keeps} idle {resources|things}: <items>.",
            "{Use|Activity} {stopped|ended} on <items> ({monthly|sum} <total>).",
        ],
        &[("items", &items.join("; ")), ("total", &total), ("judged", &judged)],
    ))
}

/// Wild days, the dearest by name.
pub(in crate::model) fn anomalies(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let found = findings.get(Lookup::Anomalies)?;
    let currency = found.text("currency");
    let judged = found.count("judged_series").to_string();
    let mut named: Vec<&str> = Vec::new();
    let mut items = Vec::new();
    for item in found.list("anomalies") {
        if named.len() < 2 && !named.contains(&item.text("resource")) {
            named.push(item.text("resource"));
            let values = [
                ("name", item.text("resource").to_owned()),
                ("day", item.text("day").to_owned()),
                ("cost", item.money("cost", currency)?),
                ("usual", item.money("usual", currency)?),
            ];
            let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
            items.push(voice.say(
                &[
                    "<name> on <day> (<cost>, usually <usual>)",
                    "<name> with <cost> on <day> {instead of|against} <usual>",
                    "<name>, <day>: <cost> {versus|where} <usual>{| is normal}",
                ],
                &values,
            ));
        }
    }
    if items.is_empty() {
        return Some(voice.say(
            &[
                "{No|Not one} wild day {in|among} <judged> {cost series|series}.",
                "<judged> series, no {outlier|anomaly}.",
            ],
            &[("judged", &judged)],
        ));
    }
    let count = found.count("count").to_string();
    let excess = found.money("total_excess", currency)?;
    Some(voice.say(
        &[
            "{Out of line|Abnormal|Unusual}: <items>; <excess> {too much|excess} in <count> {days|events}.",
            "<count> {anomalies|outliers} ({excess|surplus} <excess>), {above all|notably|first} <items>.",
            "{Spikes|Jumps}: <items>. {Surplus|Excess}: <excess>, <count> {days|times}.",
            "<items> {broke|left} the {pattern|usual range}, <excess> {over|beyond} {it|that} on <count> {days|occasions}.",
        ],
        &[("items", &enumerated(&items)), ("excess", &excess), ("count", &count)],
    ))
}
