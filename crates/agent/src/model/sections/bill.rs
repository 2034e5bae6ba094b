//! Sentences about what was spent: services, change, list price, coverage, regions, teams.

use crate::model::findings::{Figures, Findings};
use crate::model::phrasing::{Voice, enumerated};
use crate::model::plan::Lookup;

/// The largest services, with their share.
pub(in crate::model) fn services(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let costs = findings.get(Lookup::Costs)?;
    let items = named(voice, costs, 3);
    let count = costs.count("group_count").to_string();
    if items.len() == 1 {
        let only = items.first()?;
        return Some(
            voice.say(&["{All|Everything} {falls on|sits in|belongs to} <only>."], &[("only", only)]),
        );
    }
    Some(voice.say(
        &[
            "{Largest|Biggest|Heaviest}: <items>{.|, of <count> {in all|altogether}.}",
            "{Money|Spend} {went|goes} {mostly|mainly|above all} to <items>.",
            "<items> {lead|head|top} the {list|bill|table}{| of <count>}.",
            "By service: <items>; {the other|remaining} ones {stay|are} {smaller|below}.",
            "{Three|The} leaders {are|were} <items>.",
        ],
        &[("items", &enumerated(&items)), ("count", &count)],
    ))
}

/// The dearest single resources.
pub(in crate::model) fn resources(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let costs = findings.get(Lookup::Costs)?;
    let currency = costs.text("currency");
    let items: Vec<_> = costs
        .list("top_resources")
        .iter()
        .take(3)
        .filter_map(|item| Some(format!("{} ({})", item.text("resource"), item.money("cost", currency)?)))
        .collect();
    (items.len() > 1).then(|| {
        voice.say(
            &[
                "{Single|Individual} {items|resources} that {weigh|count} most: <items>.",
                "{Dearest|Costliest|Most expensive} {by name|individually}: <items>.",
                "<items> {carry|bear|hold} {most|much} of {it|this}.",
                "{At|On} resource level{ |, }<items> {stand out|dominate|come first}.",
            ],
            &[("items", &enumerated(&items))],
        )
    })
}

/// Against the period before, and against list price.
pub(in crate::model) fn prices(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let costs = findings.get(Lookup::Costs)?;
    let currency = costs.text("currency");
    let change = costs.money("previous_total", currency).zip(costs.number("change_percent")).map(
        |(before, change)| {
            let way = if change < 0.0 { "{down|lower}" } else { "{up|higher}" };
            let template = format!(
                "{{Before|Previously|The period before}}: <before>, {{so|hence|now}} {way} <change>."
            );
            voice.say(&[&template], &[("before", &before), ("change", &format!("{}%", change.abs()))])
        },
    );
    let list = costs.object("list").and_then(|list| {
        let paid = list.percent("paid_percent_of_list")?;
        let cost = list.money("list_cost", currency)?;
        Some(voice.say(
            &[
                "{List|Catalogue} price {would be|is} <cost>; you pay <paid>.",
                "{Against|Versus} <cost> {at|on} list{,| price,} <paid> is paid.",
                "<paid> of the <cost> list {value|price} {is|gets} charged.",
            ],
            &[("paid", &paid), ("cost", &cost)],
        ))
    });
    let both: Vec<_> = [change, list].into_iter().flatten().collect();
    (!both.is_empty()).then(|| both.join(" "))
}

/// How much a commitment covers.
pub(in crate::model) fn coverage(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let costs = findings.get(Lookup::Categories).or_else(|| findings.get(Lookup::Costs))?;
    let commitment = costs.object("commitment")?;
    let currency = costs.text("currency");
    let unused = commitment.number("unused_monthly").filter(|unused| *unused > 0.0);
    let values = [
        ("coverage", commitment.percent("coverage_percent")?),
        ("discount", commitment.percent("discount_percent")?),
        ("unused", commitment.money("unused_monthly", currency)?),
        ("covered", commitment.money("covered_list_cost", currency)?),
    ];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let covered = voice.say(
        &[
            "Commitments {cover|reach} <coverage> ({list|worth} <covered>) at <discount> off",
            "{Only|Just} <coverage> {is|runs} under commitment, <covered> at list; {the rest|what remains} {misses|forgoes} <discount>",
            "Coverage {stands|is} at <coverage>, discount <discount>{, on <covered>|}",
            "<covered> of list cost {enjoys|gets} <discount> off, {a coverage|coverage} of <coverage>",
        ],
        &values,
    );
    let wasted = unused.map(|_| {
        voice.say(
            &[
                "; <unused> a month {lies idle|is unused}",
                ", <unused> {unused|wasted}",
                "; {unused|idle}: <unused>",
            ],
            &values,
        )
    });
    Some(format!("{covered}{}.", wasted.unwrap_or_default()))
}

/// Regions or teams.
pub(in crate::model) fn allocation(voice: &mut Voice, findings: &Findings, lookup: Lookup) -> Option<String> {
    let costs = findings.get(lookup)?;
    let items = named(voice, costs, 2);
    let by = if lookup == Lookup::Regions { "{region|location}" } else { "{team|team tag}" };
    let template = format!("{{By|Per}} {by}: <items>.");
    let other = format!("{{Split|Cut|Seen}} by {by}, <items> {{lead|come first|weigh most}}.");
    (items.len() > 1).then(|| voice.say(&[&template, &other], &[("items", &enumerated(&items))]))
}

/// The first groups of an analysis: name, cost, share, in one of a few shapes.
fn named(voice: &mut Voice, costs: Figures<'_>, count: usize) -> Vec<String> {
    let currency = costs.text("currency");
    let plain = voice.one_in(2);
    let items = costs.list("groups");
    items
        .iter()
        .take(count)
        .filter_map(|group| {
            let (cost, share) = (group.money("cost", currency)?, group.percent("share_percent")?);
            let name = short(group.text("name"));
            Some(if plain {
                format!("{name} {cost} ({share})")
            } else {
                format!("{name} with {cost}, {share}")
            })
        })
        .collect()
}

/// A service without the provider before it: `AWS Lambda` is `Lambda` among others.
fn short(name: &str) -> &str {
    name.strip_prefix("Amazon ").or_else(|| name.strip_prefix("AWS ")).unwrap_or(name)
}
