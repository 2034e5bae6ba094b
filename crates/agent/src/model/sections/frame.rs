//! How an answer begins and ends: what was asked, the sum of it, what is missing, what comes next.

use crate::model::findings::{Figures, Findings};
use crate::model::phrasing::Voice;
use crate::model::plan::Lookup;
use crate::model::question::{Aspect, Question};
use crate::money::readable;

/// What was asked and the figure that answers it first.
pub(in crate::model) fn opening(voice: &mut Voice, question: &Question, findings: &Findings) -> String {
    let Some(costs) = findings.get(Lookup::Costs) else { return without_costs(voice, question, findings) };
    let currency = costs.text("currency");
    let amount = |name| costs.money(name, currency).unwrap_or_default();
    let (total, monthly) = (amount("total"), amount("monthly"));
    let resources = costs.count("resource_count").to_string();
    let groups = costs.count("group_count").to_string();
    let period = period(voice, costs);
    let saving = findings
        .get(Lookup::Ranking)
        .and_then(|ranking| ranking.money("total_monthly_saving", currency))
        .unwrap_or_else(|| "an unknown sum".to_owned());
    let topic = question.topic();
    let claimed = match question.aspect {
        Aspect::Budget(claimed) => readable(claimed, currency),
        _ => String::new(),
    };
    let gap = match (question.aspect, costs.number("monthly")) {
        (Aspect::Budget(claimed), Some(monthly)) => readable((claimed - monthly).abs(), currency),
        _ => String::new(),
    };
    let side = match (question.aspect, costs.number("monthly")) {
        (Aspect::Budget(claimed), Some(monthly)) if monthly > claimed => "above",
        _ => "below",
    };
    let values = [
        ("topic", topic.as_str()),
        ("total", &total),
        ("monthly", &monthly),
        ("resources", &resources),
        ("groups", &groups),
        ("period", &period),
        ("saving", &saving),
        ("claimed", &claimed),
        ("gap", &gap),
        ("side", side),
    ];
    voice.say(openings(question.aspect), &values)
}

fn openings(aspect: Aspect) -> &'static [&'static str] {
    match aspect {
        Aspect::Budget(_) => &[
            "You {put|name|state} <claimed> a month as your spending on <topic>; {billed rows|the rows|invoice data} for <period> say <monthly>, {which is|so} <gap> <side> that. To optimize costs{,| here,} <saving> {monthly|per month} is {within reach|realistic|available}.",
            "{Measured|Held} against your <claimed> month, <topic> {comes to|took|shows} <monthly> (<period>), <gap> <side> it. {Room|Potential|Scope} to optimize costs: <saving> {each month|monthly}.",
            "Of the <claimed> you are spending each month, the bill for <period> {attributes|assigns|gives} <monthly> to <topic>: <gap> <side>. <saving> of {these|those|such} costs {can go|is avoidable}; {below|next} how to optimize.",
            "<monthly> {is|was} what <topic> {cost|took} over <period>, <gap> <side> the <claimed> a month of spending you {mention|quote|report}. I would optimize <saving> {away|out} of monthly costs.",
            "{Your figure|The amount named}, <claimed> per month, {meets|faces} a bill of <monthly> for <topic> in <period> (<gap> <side>). Spending {could|can} {drop|fall|shrink} by <saving> if costs are optimized {as follows|thus}.",
            "On <topic>, spending for <period> {runs|ran} at <monthly> a month, not {quite|exactly} <claimed>: <gap> <side>. {Ways|Steps} to optimize costs {worth|totalling|of} <saving> {follow|come next}.",
        ],
        Aspect::Breadth => &[
            "Across your entire <topic>, <resources> resources in <groups> services {cost|took|consumed} <total> {during|over|in} <period>. {My|This} analysis {finds|supports|yields} cost optimization of <saving> {monthly|a month}.",
            "{I analyzed|Analyzed} <groups> services and <resources> resources, the entire <topic>: <total> for <period>, {with|including} <saving> {a month|monthly} open to cost optimization.",
            "Entire <topic>, <period>: <total> on <resources> {named|billed|separate} resources. Cost optimization {worth|of} <saving> {a month|per month} {is|looks} {feasible|possible|within reach}, as {this|the} analysis {shows|lays out}.",
            "{Taken|Seen} {whole|together}, <resources> resources make up the <topic> and <total> {its|the} cost (<period>). To {provide|give} cost optimization {first|up front}: <saving> {monthly|each month}, {over|from} the entire {estate|inventory|footprint}.",
            "<total>: {that is|so much is} the entire <topic> bill, <period>, {spread|split} over <groups> services. The analysis {points to|identifies} <saving> {a month|monthly} for optimization, {named|listed} {below|further down}.",
            "{Reading|Analysis of} every row of <period> for <topic> {gives|returns} <resources> resources, <groups> services, <total>. The entire cost optimization {adds up to|reaches|makes} <saving> {monthly|a month}.",
        ],
        Aspect::Efficiency => &[
            "{Reviewed|I reviewed} your <topic>: <resources> resources, <total> {during|for|in} <period>. Efficiency improvements {worth|of} <saving> a month {stand out|are open|remain}.",
            "The <topic> {burned|used|consumed} <total> in <period> on <resources> resources. {My|This} review {puts|sees|places} efficiency improvements at <saving> {monthly|per month}.",
            "For <period>, <topic> {charges|costs} {total|sum to|reach} <total>. Where efficiency {leaks|is lost}, improvements {return|recover|free} <saving> {a month|monthly}; {the|this} review {goes|runs} from waste to price.",
            "<saving> a month: {so much|that much} efficiency the <topic> {leaves|gives away} out of <monthly>. The review of <period> {covers|spans} <resources> resources; improvements {are ranked|follow}.",
            "Efficiency first: of <monthly> a month in your <topic>, <saving> {buys|produces} {nothing|too little}. {The review|Reviewing} <resources> resources over <period> {suggests|led to} {these|the following} improvements.",
            "{A|One} review of <resources> resources ({period|rows} <period>, <total>) {shows|finds} the <topic> {paying|spending} <saving> {a month|monthly} {more|over} than efficiency {requires|needs}; improvements {below|next}.",
        ],
        Aspect::Alternatives => &[
            "{Audit|Audited}: <topic> {cost|took} <total> in <period>, <resources> resources {checked|audited}. The alternatives I recommend {save|return|avoid} <saving> a month.",
            "The audit of <topic> costs {covers|spans} <groups> services and <total> ({days|rows} of <period>). I recommend alternatives {worth|for} <saving> {monthly|per month}.",
            "<topic> costs of <total> were audited for <period>. {Cheaper|Better|Leaner} alternatives {exist|stand ready} for <saving> a month; I recommend {them|those} {by worth|in order}.",
            "{Auditing|An audit of} <resources> resources for <topic>, <period>, {ends|closes} at <total>. I can recommend alternatives that {take|cut|trim} <saving> {a month|monthly} from these costs.",
            "<monthly> a month {goes|flows} into <topic>; {the|this} audit ({over|for} <period>) {matches|pairs} <saving> of those costs with alternatives {to recommend|I recommend}.",
            "{Costs|The costs} of <topic> {reached|came to} <total> {through|over} <period>. Audit {result|verdict}: <saving> {monthly|a month} has {a cheaper alternative|cheaper alternatives}; I recommend {starting|beginning} {on top|with rank 1}.",
        ],
        Aspect::Overview => &[
            "{You asked|The question was} about <topic>: <total> over <period>, <resources> resources. Costs could {fall|drop} by <saving> {a month|monthly}.",
            "<topic>, <period>: <total> {billed|charged} for <resources> resources, {of which|whereof} <saving> a month {can|could} be saved.",
            "For <topic> the bill {shows|lists} <total> ({period|days} <period>). {Savings|A saving} of <saving> {monthly|a month} {look|seem} {sound|within reach}.",
            "Spend on <topic> {was|came to} <total> in <period>, <monthly> {scaled to|per} 30 days; <saving> {a month|monthly} of {it|that} is {avoidable|open to savings}.",
        ],
    }
}

fn without_costs(voice: &mut Voice, question: &Question, findings: &Findings) -> String {
    let topic = question.topic();
    let saving = findings
        .get(Lookup::Ranking)
        .and_then(|ranking| ranking.money("total_monthly_saving", ranking.text("currency")));
    match saving {
        Some(saving) => voice.say(
            &[
                "The total for <topic> could not be read, but savings of <saving> a month were found.",
                "<saving> a month can be saved on <topic>; what it costs in all could not be added up.",
            ],
            &[("topic", &topic), ("saving", &saving)],
        ),
        None => format!("Neither the total for {topic} nor a ranking of savings could be made this time."),
    }
}

/// That a prompt names nothing a bill knows.
pub(in crate::model) fn not_about_costs(voice: &mut Voice) -> String {
    voice.say(
        &[
            "Your message names no cost, service or workload, so this is the overview of the whole bill.",
            "Nothing in the message points at a part of the bill; {here|below} is all of it.",
        ],
        &[],
    )
}

/// What is missing, before any figure is believed.
pub(in crate::model) fn missing(voice: &mut Voice, limitations: &[String]) -> Option<String> {
    let all = limitations.join(" ");
    (!all.is_empty())
        .then(|| voice.say(&["{Limits of|Missing from|Mind in} this answer: <all>"], &[("all", &all)]))
}

/// What would come of it all.
pub(in crate::model) fn closing(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let ranking = findings.get(Lookup::Ranking)?;
    let currency = ranking.text("currency");
    let actions = ranking.list("actions");
    let first = actions.first()?;
    let last = actions.last()?;
    let values = [
        ("total", ranking.money("total_monthly_saving", currency)?),
        ("share", ranking.percent("share_percent")?),
        ("cost", ranking.money("monthly_cost", currency)?),
        ("first", first.text("resource").to_owned()),
        ("saving", first.money("monthly_saving", currency)?),
        ("last", last.text("resource").to_owned()),
    ];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Some(voice.say(
        &[
            "{Together|Combined|In sum}: <total> of <cost>, or <share>. {Begin|Start} with <first> {this week|today|tomorrow}; <last> can {wait|follow|come later}.",
            "{Done|Carried out} {fully|as ranked}, <total> a month {falls away|disappears}, <share> of <cost>; <first> {alone|by itself} {brings|is} <saving>.",
            "{Next|First} step: {assign|give} <first> an owner ({for|worth} <saving>), then {work|go} {down|on} to <last>. {Full|Whole} effect <total>, <share> of <cost>.",
            "<share> of <cost> {is at stake|hangs on this}, <total> {in money|a month}. {Check|Confirm} <first> with {its|the} team {before|ahead of} {touching|changing} <last>.",
            "If only one {thing|item|step} {gets|is} done, {pick|choose|take} <first> (<saving>); all {down|up} to <last> {makes|gives} <total>, {that is|i.e.} <share> of <cost>.",
            "{Expect|Plan for} <total> {less|lower} on <cost> (<share>) once <last> is {done|settled}; <first> {pays|shows} {soonest|first} with <saving>.",
            "{Measured|Seen} against <cost>, <total> {means|equals} <share>. {Revisit|Recheck} <first> {after|in} {30 days|a month|four weeks} and {keep|hold} <last> {for later|in reserve|on the list}.",
        ],
        &values,
    ))
}

/// One sentence for lists and notifications.
pub(in crate::model) fn summary(voice: &mut Voice, question: &Question, findings: &Findings) -> String {
    let topic = question.topic();
    let ranking = findings.get(Lookup::Ranking);
    let currency = ranking.map_or("USD", |ranking| ranking.text("currency"));
    let monthly = findings.get(Lookup::Costs).and_then(|costs| costs.money("monthly", currency));
    let saving = ranking.and_then(|ranking| ranking.money("total_monthly_saving", currency));
    let first = ranking.and_then(|ranking| ranking.list("actions").first().map(|it| it.text("resource")));
    let (monthly, saving) = (
        monthly.unwrap_or_else(|| "an unknown amount".to_owned()),
        saving.unwrap_or_else(|| "nothing that could be ranked".to_owned()),
    );
    voice.say(
        &[
            "<topic> costs <monthly> a month; {saving|savings}: <saving>, first at <first>.",
            "Of <monthly> a month for <topic>, avoidable: <saving>, beginning with <first>.",
        ],
        &[
            ("topic", &topic),
            ("monthly", &monthly),
            ("saving", &saving),
            ("first", first.unwrap_or("the largest charge")),
        ],
    )
}

/// The days that figures are about, in one of a few shapes.
fn period(voice: &mut Voice, costs: Figures<'_>) -> String {
    let Some(period) = costs.object("period") else { return String::new() };
    let days = period.count("days").to_string();
    let values = [("from", period.text("from")), ("to", period.text("to")), ("days", &days)];
    voice.say(
        &[
            "<from> to <to>",
            "<days> days {to|until|ending} <to>",
            "<days> days from <from>",
            "the {time|weeks} since <from>",
        ],
        &values,
    )
}
