//! The analyst: a supervisor that asks tools and specialists, and answers from what they found.

use super::answer;
use super::desk::Desk;
use super::findings::{Findings, Outcome};
use super::phrasing::Voice;
use super::plan::{Lookup, Part, second_stage};
use super::question::Question;
use super::sections::thoughts;
use super::session::{Call, Session, Stopped};
use super::tier::Tier;
use crate::billing::BillingSource;
use crate::runtime::{Agent, Answer, Step, StepSink, Task, TaskEnd};
use crate::tools::Registry;
use async_trait::async_trait;
use futures_util::future::join_all;
use serde_json::{Map, Value};
use std::sync::Arc;
use tokio_util::sync::CancellationToken;

/// The default agent's name, and one that asks for its leading role by name. The role is the same, whichever model plays it.
pub(super) const NAMES: [&str; 2] = ["analyst", "cost_supervisor"];

/// How often a tool is called again after a failure that may pass.
const RETRIES: u32 = 1;

/// Answers cost questions from billing data; deterministic: the same data and prompt give the same answer.
#[derive(Debug, Clone)]
pub struct Analyst {
    desk: Desk,
}

impl Analyst {
    /// An analyst with the four cost tools.
    #[must_use]
    pub fn new(billing: Arc<dyn BillingSource>) -> Self {
        Self::with_tools(billing, Registry::default())
    }

    /// An analyst with other tools.
    #[must_use]
    pub fn with_tools(billing: Arc<dyn BillingSource>, tools: Registry) -> Self {
        Self { desk: Desk::new(billing, tools) }
    }
}

/// The name under which an agent speaks that was asked for as `asked`.
pub(super) fn name(asked: &str) -> String {
    NAMES.into_iter().find(|name| *name == asked).unwrap_or(NAMES[0]).to_owned()
}

#[async_trait]
impl Agent for Analyst {
    fn names(&self) -> Vec<String> {
        NAMES.map(str::to_owned).into()
    }

    async fn run(&self, task: Task, steps: StepSink, cancel: CancellationToken) -> TaskEnd {
        let session = Session::new(&self.desk, &task, name(&task.agent), &steps, &cancel);
        let analysis = Analysis { session, tier: Tier::from_name(&task.tier) };
        analysis.run().await.unwrap_or(TaskEnd::Cancelled)
    }
}

/// One question under analysis.
#[derive(Debug)]
struct Analysis<'a> {
    session: Session<'a>,
    tier: Tier,
}

impl Analysis<'_> {
    async fn run(&self) -> Result<TaskEnd, Stopped> {
        let mut question = Question::of(&self.session.task.message);
        let task_description = format!("Answer a question about {} from billing data", question.topic());
        self.session.tell(Step::Started { agent: self.session.agent.clone(), task_description }).await?;
        self.think(None, thoughts::opening(&mut self.voice("opening"), &question), 5.0).await?;

        let mut findings = Findings::default();
        self.first_stage(&mut question, &mut findings).await?;
        let parts = second_stage(self.tier);
        let found = join_all(parts.iter().map(|part| self.part(part, &question))).await;
        for part in found {
            for (lookup, outcome) in part? {
                findings.add(lookup, outcome);
            }
        }
        self.think(None, thoughts::before_ranking(&mut self.voice("ranking"), &findings), 75.0).await?;
        let ranking = self.look(None, Lookup::Ranking, &question).await?;
        findings.add(Lookup::Ranking, ranking);

        if findings.is_empty() {
            return Ok(TaskEnd::Failed(findings.failure()));
        }
        self.think(None, thoughts::before_answer(&mut self.voice("answer"), &findings), 95.0).await?;
        let answer = self.answer(&question, &findings);
        self.session
            .tell(Step::Delta { agent: self.session.agent.clone(), text: answer.final_response.clone() })
            .await?;
        Ok(TaskEnd::Completed(answer))
    }

    /// The costs; where the data lack what was named, the question is widened and that is noted.
    async fn first_stage(&self, question: &mut Question, findings: &mut Findings) -> Result<(), Stopped> {
        let mut costs = self.look(None, Lookup::Costs, question).await?;
        let why = match &costs {
            Outcome::Insufficient(reason) => Some(reason.clone()),
            Outcome::Failed(failure) if failure.code == "period_outside_data" => {
                Some(failure.message.clone())
            }
            _ => None,
        };
        if let Some(why) = why {
            findings.notes.push(format!("Not answered as asked: {why}."));
            *question = question.widened();
            let thought = thoughts::widened(&mut self.voice("widened"), &why, &question.topic());
            self.think(None, thought, 20.0).await?;
            costs = self.look(None, Lookup::Costs, question).await?;
        }
        findings.add(Lookup::Costs, costs);
        let thought = thoughts::after_costs(&mut self.voice("costs"), findings, &question.topic());
        self.think(None, thought, 30.0).await
    }

    /// A part of the second stage: a thought, the calls at the same time, a conclusion.
    async fn part(&self, part: &Part, question: &Question) -> Result<Vec<(Lookup, Outcome)>, Stopped> {
        if let Some(specialist) = part.specialist {
            let mut voice = self.voice(specialist);
            let thought = thoughts::specialist_opening(&mut voice, specialist, &question.topic());
            self.think(Some(specialist), thought, 40.0).await?;
        }
        let calls = part.lookups.iter().map(|lookup| self.look(part.specialist, *lookup, question));
        let mut found = Vec::with_capacity(part.lookups.len());
        for (lookup, outcome) in part.lookups.iter().zip(join_all(calls).await) {
            found.push((*lookup, outcome?));
        }
        for (lookup, outcome) in &found {
            let thought = thoughts::concluded(&mut self.voice(lookup.tool()), *lookup, outcome);
            self.think(part.specialist, thought, 60.0).await?;
        }
        Ok(found)
    }

    async fn think(&self, specialist: Option<&str>, thought: String, progress: f64) -> Result<(), Stopped> {
        self.session.think(specialist, thought, Some(progress)).await
    }

    /// Calls the tool of `lookup`, again if a failure may pass.
    async fn look(
        &self,
        specialist: Option<&str>,
        lookup: Lookup,
        question: &Question,
    ) -> Result<Outcome, Stopped> {
        let parameters = &lookup.parameters(question, self.tier).to_json();
        let mut attempt = 0;
        loop {
            let (tool, purpose) = (lookup.tool(), lookup.purpose(&question.topic()));
            match self.session.call(Call { specialist, tool, parameters, purpose }).await? {
                Err(failure) if failure.retryable && attempt < RETRIES => attempt += 1,
                Err(failure) => return Ok(Outcome::Failed(failure)),
                Ok(found) => return Ok(judged(found)),
            }
        }
    }

    fn answer(&self, question: &Question, findings: &Findings) -> Answer {
        let limitations = findings.limitations();
        let mut voice = self.voice("answer text");
        Answer {
            agent: self.session.agent.clone(),
            final_response: answer::compose(&mut voice, question, findings, &limitations),
            summary: answer::summary(&mut voice, question, findings),
            degraded: !limitations.is_empty(),
            limitations,
        }
    }

    fn voice(&self, purpose: &str) -> Voice {
        Voice::of(&self.session.task.user_id, &self.session.task.message, purpose)
    }
}

fn judged(found: Map<String, Value>) -> Outcome {
    match found.get("status").and_then(Value::as_str) {
        Some("insufficient_data") => {
            let reason = found.get("reason").and_then(Value::as_str).unwrap_or("no reason was given");
            Outcome::Insufficient(reason.to_owned())
        }
        _ => Outcome::Found(found),
    }
}
