//! What belongs together does not say so: a result under another call's id, name, or both.

use crate::kinds::identity::with_other_id;
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use std::collections::{HashMap, HashSet};

/// The message, its call and its run, when it is a `tool_completed`.
fn completed<'a>(act: &Act<'a>) -> Option<(&'a Message, &'a str, &'a str)> {
    let (message, run) = act.event()?;
    (message.event() == Some(EventType::ToolCompleted)).then_some(())?;
    Some((message, message.text("execution_id")?, run))
}

/// One call of each run: the first, or, later in the session, perhaps the second.
#[derive(Default)]
pub(super) struct OneCall {
    calls: HashMap<String, Vec<String>>,
}

impl OneCall {
    /// Whether this call, which completes, is the one of its run.
    pub(super) fn is(&mut self, aim: &mut Aim, call: &str, run: &str) -> bool {
        // The first run that is hit may have no second call.
        let place = if self.calls.keys().any(|known| known != run) { aim.choice(run, 7, 2) } else { 0 };
        let calls = self.calls.entry(run.to_owned()).or_default();
        if !calls.iter().any(|known| known == call) {
            calls.push(call.to_owned());
        }
        calls.iter().position(|known| known == call) == Some(place)
    }
}

/// A `tool_completed` names a call that nobody began.
pub(super) struct OtherExecution {
    aim: Aim,
    call: OneCall,
}

impl OtherExecution {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), call: OneCall::default() }
    }
}

impl Fault for OtherExecution {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, call, run)) = completed(act) else { return };
        if self.aim.hits(run) && self.call.is(&mut self.aim, call, run) {
            act.say(with_other_id(message.clone(), "execution_id"), "named a call that nobody began");
        }
    }
}

/// A `tool_completed` names its tool otherwise than the `tool_executing` did.
pub(super) struct OtherName {
    aim: Aim,
    call: OneCall,
}

impl OtherName {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), call: OneCall::default() }
    }
}

impl Fault for OtherName {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, call, run)) = completed(act) else { return };
        if !self.aim.hits(run) || !self.call.is(&mut self.aim, call, run) {
            return;
        }
        let name = message.text("tool_name").unwrap_or_default();
        let other = match self.aim.choice(run, 0, 3) {
            0 => format!("tools.{name}"),
            1 => name.split('_').map(capitalised).collect(),
            _ => "tool".to_owned(),
        };
        act.say(message.clone().with("tool_name", other.as_str()), format!("called `{name}` `{other}`"));
    }
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// A call as its `tool_executing` named it.
#[derive(Clone)]
struct Call {
    execution_id: String,
    tool_name: String,
}

/// Two tools that work at the same time get each other's results.
pub(super) struct SwappedResults {
    aim: Aim,
    /// The calls of each run that have not completed.
    open: HashMap<String, Vec<Call>>,
    /// By the call whose results they are: the call under which they are told.
    told_as: HashMap<String, Call>,
    swapped: HashSet<String>,
}

impl SwappedResults {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), open: HashMap::new(), told_as: HashMap::new(), swapped: HashSet::new() }
    }

    /// Two calls of a run that will get each other's results: the one that completes and one that is at work.
    fn swap(&mut self, call: &Call, run: &str) {
        let others: Vec<Call> = self.open.get(run).map_or_else(Vec::new, |open| {
            open.iter().filter(|other| other.execution_id != call.execution_id).cloned().collect()
        });
        if others.is_empty() || self.swapped.contains(run) || !self.aim.hits(run) {
            return;
        }
        let other = others[self.aim.choice(run, 0, others.len())].clone();
        self.swapped.insert(run.to_owned());
        self.told_as.insert(call.execution_id.clone(), other.clone());
        self.told_as.insert(other.execution_id, call.clone());
    }
}

impl Fault for SwappedResults {
    fn rewrite(&mut self, _: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let (Some(execution_id), Some(tool_name)) = (message.text("execution_id"), message.text("tool_name"))
        else {
            return;
        };
        let call = Call { execution_id: execution_id.to_owned(), tool_name: tool_name.to_owned() };
        if message.event() == Some(EventType::ToolExecuting) {
            let open = self.open.entry(run.to_owned()).or_default();
            if !open.iter().any(|known| known.execution_id == call.execution_id) {
                open.push(call);
            }
            return;
        }
        self.swap(&call, run);
        if let Some(open) = self.open.get_mut(run) {
            open.retain(|other| other.execution_id != call.execution_id);
        }
        if let Some(other) = self.told_as.get(&call.execution_id) {
            let told = message
                .clone()
                .with("execution_id", other.execution_id.as_str())
                .with("tool_name", other.tool_name.as_str());
            act.say(told, format!("told what `{tool_name}` found as the results of `{}`", other.tool_name));
        }
    }
}
