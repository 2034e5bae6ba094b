//! Ranked actions in words: an imperative, a resource, money, effort, risk, and what it assumes.

use super::findings::{Figures, Findings};
use super::phrasing::Voice;
use super::plan::Lookup;

/// The heading and a numbered line for each action.
pub(super) fn ranked(voice: &mut Voice, findings: &Findings) -> Option<String> {
    let ranking = findings.get(Lookup::Ranking)?;
    let currency = ranking.text("currency");
    let actions = ranking.list("actions");
    let total = ranking.money("total_monthly_saving", currency)?;
    let heading = voice.say(
        &[
            "{What to do|Actions|Plan|To do}, {best first|by worth|in order}, <total> a month:",
            "{Ranked|Prioritised} {actions|steps|measures} ({sum|total} <total> {monthly|per month}):",
            "{Recommended|Proposed}, {most worthwhile|strongest} first ({adds up to|together} <total>):",
        ],
        &[("total", &total)],
    );
    let lines = actions
        .iter()
        .zip(1..)
        .filter_map(|(action, rank)| Some(format!("{rank}. {}", line(voice, *action, currency)?)));
    Some(std::iter::once(heading).chain(lines).collect::<Vec<_>>().join("\n"))
}

fn line(voice: &mut Voice, action: Figures<'_>, currency: &str) -> Option<String> {
    let kind = action.text("kind");
    let values = [
        ("name", action.text("resource").to_owned()),
        ("cost", action.money("monthly_cost", currency)?),
        ("saving", action.money("monthly_saving", currency)?),
        ("effort", action.text("effort").to_owned()),
        ("risk", action.text("risk").to_owned()),
    ];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let deed = voice.say(deeds(kind), &values);
    // Money stands between effort and risk: two words that every line has would make all lines alike.
    let weighed = voice.say(
        &[
            "<effort> effort {buys|brings|frees} <saving> {a month|monthly} at <risk> risk.",
            "<saving> {a month|monthly}{,| at} <risk> risk{,| and} <effort> {effort|work}.",
            "risk <risk>, {back|gain|return} <saving> {a month|monthly}, {effort|work|labour} <effort>.",
            "{effort|work} <effort>, <saving> {a month|monthly} {back|saved|freed}, risk <risk>.",
            "{with|at} <risk> risk it {saves|frees|returns} <saving> {a month|monthly} for <effort> {effort|work}.",
            "<saving> {a month|monthly} {back|less|off the bill}; {it is|this is|takes} <effort> {effort|work}, {at|with} <risk> risk.",
        ],
        &values,
    );
    Some(format!("{deed}: {weighed}"))
}

/// What each kind of action asks somebody to do.
fn deeds(kind: &str) -> &'static [&'static str] {
    match kind {
        "stop_idle" => &[
            "{Shut down|Stop|Terminate} <name>{, idle at <cost>|, unused at <cost>|}",
            "{Delete|Remove|Release} <name> {after|following} a snapshot",
            "{Switch off|Retire|Decommission} <name>{ (<cost>, no use)| (no use seen)|}",
        ],
        "buy_commitment" => &[
            "{Buy|Take|Purchase} {a one-year|a yearly|one year of} {commitment|savings plan|discount} for <name>{ (<cost>)|}",
            "{Cover|Commit} <name> for {one year|12 months|a year}{ instead of on demand|, now at list price| (<cost> on demand)|}",
            "{Move|Put|Bring} <name> ({now|today} <cost>) under a {commitment|savings plan}",
        ],
        "use_commitment" => &[
            "{Apply|Redirect|Widen} <name> to {uncovered|open} {machines|instances}, <cost> {unused|idle} now",
            "{Let|Allow} <name> {shrink|lapse} by its unused <cost>",
            "{Fill|Use up} <name>: <cost> of it {covers nothing|lies unused}",
        ],
        "cap_anomaly" => &[
            "{Set|Add} a {budget alarm|spend cap} on <name>{ after <cost> excess|}",
            "{Trace|Investigate|Explain} the {jump|spike} of <name> and {cap|limit} it",
            "{Limit|Cap|Throttle} <name>{, which overshot by <cost>| before it spikes again|}",
        ],
        "schedule_off" => &[
            "{Schedule|Switch} <name> off {at night|outside working hours|after hours}{, now <cost>|}",
            "{Stop|Pause} <name> {on nights and weekends|from dusk to dawn|when nobody works}{ (<cost> now)|}",
        ],
        "modernise" => &[
            "{Migrate|Move|Upgrade} <name> to the {current|next} instance generation",
            "{Replace|Swap} the old {instances|machines} of <name>{ (<cost>)|} {by|for} newer ones",
        ],
        "use_spot" => &[
            "{Run|Move} half of <name> {on|to} spot capacity with checkpoints",
            "{Shift|Send} {interruptible|restartable} jobs of <name> to spot{, now <cost>|}",
        ],
        "modernise_disk" => &[
            "{Convert|Change|Migrate} <name> from gp2 to gp3",
            "{Switch|Move} <name> ({now|at} <cost>) to gp3 volumes",
        ],
        "use_arm" => &[
            "{Rebuild|Repackage|Move} <name> for ARM on Fargate",
            "{Switch|Port} <name>{ (<cost>)|} to Fargate ARM tasks",
        ],
        "tier_storage" => &[
            "{Tier|Move} cold objects of <name> to infrequent access",
            "{Set|Add} a lifecycle rule on <name>{, now <cost>|}",
        ],
        "use_endpoint" => &[
            "{Route|Send} traffic of <name> through {gateway|private} endpoints",
            "{Replace|Bypass} <name>{ (<cost>)|} {by|with} endpoints for storage traffic",
        ],
        "trim_logs" => &[
            "{Drop|Filter|Trim} debug lines before <name>",
            "{Lower|Reduce|Cut} log {volume|ingestion} at <name>{ from <cost>|}",
        ],
        "batch_calls" => &[
            "{Batch|Group|Bundle} calls on <name>{ (<cost>)|}",
            "{Send|Handle} messages of <name> in {batches|groups}",
        ],
        "provision_capacity" => &[
            "{Switch|Change} <name> to provisioned capacity{ from <cost>|}",
            "{Provision|Reserve} capacity for <name> {rather than|instead of} on demand",
        ],
        "flat_io" => &[
            "{Move|Change} <name> to I/O-optimised storage{ (<cost>)|}",
            "{Select|Enable} flat I/O pricing for <name>",
        ],
        "expire_snapshots" => &[
            "{Expire|Delete|Prune} old snapshots in <name>{ (<cost>)|}",
            "{Set|Add} a retention rule on <name>",
        ],
        "cut_egress" => &[
            "{Cache|Compress} what <name> sends out{ (<cost>)|}",
            "{Reduce|Cut|Lower} outbound traffic of <name>",
        ],
        _ => &["{Reduce|Resize|Right-size} <name>{ (<cost>)|}", "{Lower|Cut} the minimum size of <name>"],
    }
}
