//! One run before it is numbered and sent: what its events say and when they are made.

use crate::answer;
use crate::clock::MS;
use crate::estate::Estate;
use crate::identity::Identities;
use crate::scenario::{Ending, Pace, Scenario, Tools};
use goldenpath_history::{Expect, Outcome, ToolDemand};
use goldenpath_protocol::{EventBody, RunFailure, RunState, ToolError};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// An event before it has a number.
#[derive(Debug, Clone)]
pub(crate) struct Planned {
    pub(crate) made_ns: u64,
    pub(crate) sub_agent: bool,
    pub(crate) body: EventBody,
}

/// A run before it is sent.
#[derive(Debug, Clone)]
pub(crate) struct RunPlan {
    pub(crate) run: u32,
    pub(crate) lane: u32,
    pub(crate) requested_ns: u64,
    pub(crate) accepted_ns: u64,
    pub(crate) cancel_ns: Option<u64>,
    pub(crate) prompt: String,
    pub(crate) reference: String,
    pub(crate) expect: Expect,
    pub(crate) events: Vec<Planned>,
    pub(crate) answer: Option<String>,
    pub(crate) state: RunState,
}

/// The steps of a run in milliseconds: how long each takes at this pace.
struct Steps<'a> {
    pace: Pace,
    rng: &'a mut ChaCha8Rng,
}

impl Steps<'_> {
    fn ms(&mut self, quick: std::ops::Range<f64>, near_limit: f64) -> u64 {
        let ms = match self.pace {
            Pace::Quick => self.rng.random_range(quick),
            Pace::NearLimits => near_limit,
        };
        (ms * MS as f64) as u64
    }
}

/// An upper bound for the time of one round, so that rounds never meet.
pub(crate) fn slot_ns(scenario: &Scenario) -> u64 {
    let tools = match scenario.tools {
        Tools::None => 0,
        Tools::Sequential(n) | Tools::Parallel(n) => u64::from(n),
    };
    let quick = 900 + u64::from(scenario.thoughts_of(0)) * 30 + tools * 120 + u64::from(scenario.deltas) * 53;
    match scenario.pace {
        Pace::Quick => quick * MS,
        Pace::NearLimits => (34_000 + quick + tools * 8_000) * MS,
    }
}

/// Plans the user's run number `run`, requested at `requested_ns`.
pub(crate) fn plan(
    scenario: &Scenario,
    ids: Identities,
    user: u32,
    run: u32,
    lane: u32,
    requested_ns: u64,
    rng: &mut ChaCha8Rng,
) -> RunPlan {
    let own = scenario.own_of(user, run);
    let scenario = own.as_ref().unwrap_or(scenario);
    let prompt = scenario.prompt(user, run).to_owned();
    let reference = ids.reference(user, run);
    let estate = Estate::seen_by(ids, user, run, answer::subject(&prompt), rng);
    let mut events = Vec::new();
    let mut steps = Steps { pace: scenario.pace, rng };

    let accepted_ns = requested_ns + steps.ms(1.5..4.0, 3.0);
    let mut at = requested_ns + steps.ms(5.0..9.0, 93.0);
    let started_ns = at;
    events.push(Planned {
        made_ns: at,
        sub_agent: false,
        body: EventBody::AgentStarted {
            status: "starting".to_owned(),
            task_description: prompt.chars().take(160).collect(),
        },
    });

    let thoughts = scenario.thoughts_of(run);
    for step in 1..=thoughts {
        at += if step == 1 { steps.ms(6.0..24.0, 1_940.0) } else { steps.ms(6.0..24.0, 20.0) };
        events.push(Planned {
            made_ns: at,
            sub_agent: scenario.nested && step > 1,
            body: EventBody::AgentThinking {
                reasoning: answer::reasoning(&estate, step, scenario.content),
                step_number: step,
                progress_percentage: Some(f64::from(step * 40 / thoughts)),
            },
        });
    }

    let cancelled = scenario.ending == Ending::Cancelled;
    let calls = match scenario.tools {
        Tools::None => Vec::new(),
        Tools::Sequential(n) => (0..n).map(|call| (call, true)).collect(),
        Tools::Parallel(n) => (0..n).map(|call| (call, false)).collect::<Vec<_>>(),
    };
    let mut cancel_ns = None;
    let mut lacks = None;
    let mut longest = at;
    for (place, &(call, waits)) in calls.iter().enumerate() {
        let last = place + 1 == calls.len();
        let (tool, parameters, purpose, results) = estate.tool(call, scenario.content);
        // Parallel calls begin half a millisecond apart, so some share a millisecond; earlier ones take longer.
        let begin = if waits || place == 0 { at + steps.ms(8.0..30.0, 2_940.0) } else { at + MS / 2 };
        let took = if waits {
            steps.ms(18.0..70.0, 4_930.0)
        } else {
            steps.ms(18.0..30.0, 3_000.0) + (calls.len() - place) as u64 * 4 * MS
        };
        let end = begin + took;
        let execution_id = ids.execution(user, run, call);
        events.push(Planned {
            made_ns: begin,
            sub_agent: scenario.nested,
            body: EventBody::ToolExecuting {
                tool_name: tool.to_owned(),
                execution_id: execution_id.clone(),
                parameters,
                tool_purpose: purpose,
            },
        });
        let failure = if cancelled && last {
            cancel_ns = Some(end - 4 * MS);
            Some(ToolError { code: "cancelled".to_owned(), message: "the user cancelled the run".to_owned() })
        } else if scenario.ending == Ending::Degraded && last {
            lacks = Some(format!("what {tool} would have found, since its data source gave no answer"));
            Some(ToolError {
                code: "tool_unavailable".to_owned(),
                message: format!("{tool} gave no answer in time"),
            })
        } else {
            None
        };
        events.push(Planned {
            made_ns: end,
            sub_agent: scenario.nested,
            body: EventBody::ToolCompleted {
                tool_name: tool.to_owned(),
                execution_id,
                success: failure.is_none(),
                results: failure.is_none().then_some(results),
                error: failure,
                duration_ms: took / MS,
            },
        });
        at = if waits { end } else { begin };
        longest = longest.max(end);
    }
    at = longest;
    if cancelled && cancel_ns.is_none() {
        cancel_ns = Some(at + 5 * MS);
        at += 9 * MS;
    }

    let mut text = None;
    let state = match scenario.ending {
        Ending::Completed | Ending::Degraded => {
            let quoted = scenario.quote_reference.then_some(reference.as_str());
            let (answer, summary) =
                answer::answer(&estate, scenario.content, lacks.as_deref(), quoted, steps.rng);
            if scenario.pace == Pace::NearLimits {
                at = silence_broken(&mut events, &estate, requested_ns, at);
            }
            // 50 ms is the least that the protocol allows between two of them.
            for piece in answer::pieces(&answer, scenario.deltas) {
                at += if scenario.pace == Pace::Quick { steps.ms(50.2..52.0, 51.0) } else { 51 * MS };
                events.push(Planned {
                    made_ns: at,
                    sub_agent: false,
                    body: EventBody::ResponseDelta { text: piece },
                });
            }
            at += steps.ms(4.0..12.0, 10.0);
            text = Some(answer.clone());
            events.push(Planned {
                made_ns: at,
                sub_agent: false,
                body: EventBody::AgentCompleted {
                    status: "completed".to_owned(),
                    final_response: answer,
                    summary,
                    degraded: lacks.is_some(),
                    limitations: lacks.into_iter().collect(),
                    duration_ms: (at - started_ns) / MS,
                    event_count: events.len() as u64 + 1,
                },
            });
            RunState::Completed
        }
        Ending::Failed => {
            at += steps.ms(4.0..12.0, 10.0);
            events.push(Planned {
                made_ns: at,
                sub_agent: false,
                body: EventBody::AgentFailed {
                    error: RunFailure {
                        code: "model_unavailable".to_owned(),
                        message: "the model gave no answer; asking again later may help".to_owned(),
                        retryable: true,
                    },
                    duration_ms: (at - started_ns) / MS,
                    event_count: events.len() as u64 + 1,
                },
            });
            RunState::Failed
        }
        Ending::Cancelled => {
            at += 2 * MS;
            events.push(Planned {
                made_ns: at,
                sub_agent: false,
                body: EventBody::AgentCancelled {
                    reason: "cancelled by the user".to_owned(),
                    duration_ms: (at - started_ns) / MS,
                    event_count: events.len() as u64 + 1,
                },
            });
            RunState::Cancelled
        }
    };
    // Stable, so that events of one instant keep the order in which they were planned.
    events.sort_by_key(|event| event.made_ns);
    let expect = expectation(scenario);
    RunPlan {
        run,
        lane,
        requested_ns,
        accepted_ns,
        cancel_ns,
        prompt,
        reference,
        expect,
        events,
        answer: text,
        state,
    }
}

/// Thoughts 9.9 s apart, up to just before 29.7 s from the request: the last instant at this pace.
fn silence_broken(events: &mut Vec<Planned>, estate: &Estate, requested_ns: u64, mut at: u64) -> u64 {
    let target = requested_ns + 29_000 * MS;
    let mut step =
        events.iter().filter(|event| matches!(event.body, EventBody::AgentThinking { .. })).count() as u32;
    while at < target {
        at = (at + 9_880 * MS).min(target);
        step += 1;
        events.push(Planned {
            made_ns: at,
            sub_agent: false,
            body: EventBody::AgentThinking {
                reasoning: answer::thought(estate, step),
                step_number: step,
                progress_percentage: Some(90.0),
            },
        });
    }
    at
}

/// What the scenario owes; from its words alone.
fn expectation(scenario: &Scenario) -> Expect {
    let outcome = match scenario.ending {
        Ending::Completed | Ending::Degraded => Outcome::Completed,
        Ending::Failed => Outcome::Failed,
        Ending::Cancelled => Outcome::Cancelled,
    };
    Expect {
        tools: match scenario.tools {
            Tools::None | Tools::Sequential(0) | Tools::Parallel(0) => ToolDemand::None,
            Tools::Sequential(1) | Tools::Parallel(1) => ToolDemand::Some,
            Tools::Sequential(n) | Tools::Parallel(n) => ToolDemand::AtLeast(n),
        },
        outcome: if scenario.trials.any_outcome { Outcome::Any } else { outcome },
        min_insights: if outcome == Outcome::Completed { 3 } else { 0 },
        quote_reference: scenario.quote_reference && outcome == Outcome::Completed,
        failing_tool: scenario.ending == Ending::Degraded,
    }
}
