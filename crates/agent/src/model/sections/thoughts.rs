//! What the agent thinks aloud: each thought says what was found so far, or what comes next and why.

use crate::model::findings::{Figures, Findings, Outcome};
use crate::model::phrasing::{Voice, enumerated};
use crate::model::plan::Lookup;
use crate::model::question::{Aspect, Question};

/// Before any data is read.
pub(in crate::model) fn opening(voice: &mut Voice, question: &Question) -> String {
    let topic = question.topic();
    let angle = match question.aspect {
        Aspect::Budget(_) => "hold the amount named in the request against what the bill really says",
        Aspect::Breadth => "go through every part of it before judging any",
        Aspect::Efficiency => "look for waste first: idle machines, wild days, list prices",
        Aspect::Alternatives => "find the dearest charges, then what could replace each",
        Aspect::Overview => "see the largest charges first, then what can be saved on them",
    };
    voice.say(
        &[
            "The question is about <topic>. I will {start with|begin by reading} the billing rows and <angle>.",
            "This {concerns|is about} <topic>; {my plan is to|first I want to} <angle>.",
            "To {answer|help} on <topic> I need figures, not guesses: I will <angle>.",
        ],
        &[("topic", &topic), ("angle", angle)],
    )
}

/// After the first look.
pub(in crate::model) fn after_costs(voice: &mut Voice, findings: &Findings, topic: &str) -> String {
    let Some(costs) = findings.get(Lookup::Costs) else {
        return format!(
            "The spend on {topic} could not be added up, so I will see what the other tools can say."
        );
    };
    let currency = costs.text("currency");
    let groups = costs.list("groups");
    let leaders: Vec<_> = groups
        .iter()
        .take(2)
        .filter_map(|group| Some(format!("{} ({})", group.text("name"), group.money("cost", currency)?)))
        .collect();
    let total = costs.money("total", currency).unwrap_or_default();
    let days = costs.object("period").map_or(0, |period| period.count("days")).to_string();
    voice.say(
        &[
            "<topic>: <total> in <days> days, led by <leaders>. Next I check what of this is used at all.",
            "The rows add up to <total> over <days> days; <leaders> weigh most. Now for waste in these.",
            "<leaders> lead a total of <total> for <topic>. The {next|open} question is which of it is needed.",
        ],
        &[("topic", topic), ("total", &total), ("days", &days), ("leaders", &enumerated(&leaders))],
    )
}

/// When the data lack what was named.
pub(in crate::model) fn widened(voice: &mut Voice, why: &str, topic: &str) -> String {
    voice.say(
        &[
            "That cannot be answered as asked: <why>. I will look at <topic> as a whole and say so.",
            "The data do not reach: <why>. Rather than guess, I widen the question to <topic>.",
        ],
        &[("why", why), ("topic", topic)],
    )
}

/// A specialist takes over.
pub(in crate::model) fn specialist_opening(voice: &mut Voice, name: &str, topic: &str) -> String {
    let (task, first) = match name {
        "waste_specialist" => ("what is paid for without being used", "idle resources and unusual days"),
        "commitment_specialist" => ("what runs at list price", "coverage by category"),
        _ => ("where the money goes", "regions and teams"),
    };
    voice.say(
        &[
            "I look into <task> for <topic>: <first>.",
            "For <topic> my part is <task>; I {check|compare} <first>.",
        ],
        &[("task", task), ("topic", topic), ("first", first)],
    )
}

/// A tool answered.
pub(in crate::model) fn concluded(voice: &mut Voice, lookup: Lookup, outcome: &Outcome) -> String {
    let tool = lookup.tool();
    let found = match outcome {
        Outcome::Found(found) => Figures(found),
        Outcome::Insufficient(reason) => {
            return format!("{tool} cannot judge this: {reason}. I will leave it out and say so.");
        }
        Outcome::Failed(failure) => {
            return format!("{tool} failed: {}. The answer has to do without it.", failure.message);
        }
    };
    let currency = found.text("currency");
    let count = found.count("count").to_string();
    let (sum, first) = match lookup {
        Lookup::Idle => {
            (found.money("monthly_total", currency), found.list("idle").first().map(|it| it.text("resource")))
        }
        Lookup::Anomalies => (
            found.money("total_excess", currency),
            found.list("anomalies").first().map(|it| it.text("resource")),
        ),
        _ => (found.money("total", currency), found.list("groups").first().map(|it| it.text("name"))),
    };
    let (sum, first) = (sum.unwrap_or_default(), first.unwrap_or("none"));
    let values = [("count", count.as_str()), ("sum", &sum), ("first", first)];
    match lookup {
        Lookup::Idle => voice
            .say(&["<count> idle {resources|things} cost <sum> a month; the dearest is <first>."], &values),
        Lookup::Anomalies if count == "0" => "No day stands out from the usual of its resource.".to_owned(),
        Lookup::Anomalies => {
            voice.say(&["<count> days {stand out|were wild}, by <sum> together; worst: <first>."], &values)
        }
        _ => voice.say(
            &["Of <sum>, <first> takes the largest part.", "<first> {leads|is first} among <sum>."],
            &values,
        ),
    }
}

/// Before actions are ranked.
pub(in crate::model) fn before_ranking(voice: &mut Voice, findings: &Findings) -> String {
    let idle = findings.get(Lookup::Idle);
    let sum = idle.and_then(|idle| idle.money("monthly_total", idle.text("currency")));
    match sum {
        Some(sum) => voice.say(
            &[
                "With <sum> a month in idle resources known, I rank every measure by saving, effort and risk.",
                "Idle resources alone make <sum> a month; {now|next} all measures in order of worth.",
            ],
            &[("sum", &sum)],
        ),
        None => "I rank what can be done by saving, effort and risk, from the charges themselves.".to_owned(),
    }
}

/// Before the answer is written.
pub(in crate::model) fn before_answer(voice: &mut Voice, findings: &Findings) -> String {
    let Some(ranking) = findings.get(Lookup::Ranking) else {
        return "No ranking could be made; I will report what was found and what is missing.".to_owned();
    };
    let total = ranking.money("total_monthly_saving", ranking.text("currency")).unwrap_or_default();
    let count = ranking.list("actions").len().to_string();
    let best = ranking.list("actions").first().map_or("", |action| action.text("resource"));
    voice.say(
        &[
            "<count> actions worth <total> a month hold up, <best> first. I {write this up|put this into words}.",
            "The ranking gives <total> a month from <count> actions; <best> leads. Now the answer.",
        ],
        &[("count", &count), ("total", &total), ("best", best)],
    )
}
