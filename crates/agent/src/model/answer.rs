//! The answer as a whole: which sections, in which order, for which question.

use super::actions;
use super::findings::Findings;
use super::phrasing::{Voice, sentence};
use super::plan::Lookup;
use super::question::{Aspect, Question};
use super::sections::{bill, frame, waste};

/// The parts between opening and closing.
#[derive(Debug, Clone, Copy)]
enum Section {
    Services,
    Resources,
    Prices,
    Coverage,
    Regions,
    Teams,
    Idle,
    Anomalies,
    Actions,
}

/// Two orders for each aspect: what matters most to it comes first.
fn order(aspect: Aspect, second: bool) -> &'static [&'static [Section]] {
    use Section::{Actions, Anomalies, Coverage, Idle, Prices, Regions, Resources, Services, Teams};
    match (aspect, second) {
        (Aspect::Budget(_), false) => {
            &[&[Services, Prices], &[Actions], &[Idle, Anomalies], &[Coverage, Teams]]
        }
        (Aspect::Budget(_), true) => {
            &[&[Prices, Services], &[Idle], &[Actions], &[Coverage, Anomalies, Regions]]
        }
        (Aspect::Breadth, false) => {
            &[&[Services, Regions, Teams], &[Coverage, Prices], &[Idle, Anomalies], &[Actions]]
        }
        (Aspect::Breadth, true) => {
            &[&[Resources, Services], &[Idle, Anomalies, Coverage], &[Actions], &[Regions, Teams]]
        }
        (Aspect::Efficiency, false) => &[&[Idle, Anomalies], &[Coverage, Prices], &[Actions], &[Resources]],
        (Aspect::Efficiency, true) => &[&[Resources, Idle], &[Actions], &[Anomalies, Coverage, Teams]],
        (Aspect::Alternatives, false) => {
            &[&[Resources], &[Actions], &[Services, Prices, Coverage], &[Idle, Anomalies]]
        }
        (Aspect::Alternatives, true) => {
            &[&[Services, Coverage], &[Actions], &[Anomalies, Idle, Prices], &[Regions]]
        }
        (Aspect::Overview, false) => {
            &[&[Services, Resources, Prices], &[Idle, Anomalies], &[Actions], &[Coverage]]
        }
        (Aspect::Overview, true) => {
            &[&[Services, Regions], &[Coverage, Idle], &[Actions], &[Prices, Anomalies]]
        }
    }
}

/// Writes the answer.
pub(super) fn compose(
    voice: &mut Voice,
    question: &Question,
    findings: &Findings,
    limitations: &[String],
) -> String {
    let mut paragraphs = Vec::new();
    if !question.about_costs {
        paragraphs.push(frame::not_about_costs(voice));
    }
    paragraphs.extend(frame::missing(voice, limitations));
    paragraphs.push(frame::opening(voice, question, findings));
    let second = voice.one_in(2);
    for paragraph in order(question.aspect, second) {
        let sentences: Vec<_> =
            paragraph.iter().filter_map(|section| write(*section, voice, findings)).collect();
        if !sentences.is_empty() {
            paragraphs.push(sentences.join(" "));
        }
    }
    paragraphs.extend(frame::closing(voice, findings));
    paragraphs.extend(question.reference.as_ref().map(|reference| format!("Reference: {reference}")));
    let paragraphs: Vec<_> = paragraphs.iter().map(|paragraph| sentence(paragraph)).collect();
    paragraphs.join("\n\n")
}

fn write(section: Section, voice: &mut Voice, findings: &Findings) -> Option<String> {
    let text = match section {
        Section::Services => bill::services(voice, findings),
        Section::Resources => bill::resources(voice, findings),
        Section::Prices => bill::prices(voice, findings),
        Section::Coverage => bill::coverage(voice, findings),
        Section::Regions => bill::allocation(voice, findings, Lookup::Regions),
        Section::Teams => bill::allocation(voice, findings, Lookup::Teams),
        Section::Idle => waste::idle(voice, findings),
        Section::Anomalies => waste::anomalies(voice, findings),
        Section::Actions => actions::ranked(voice, findings),
    };
    text.map(|text| sentence(&text))
}

/// One sentence for lists and notifications.
pub(super) fn summary(voice: &mut Voice, question: &Question, findings: &Findings) -> String {
    sentence(&frame::summary(voice, question, findings))
}
