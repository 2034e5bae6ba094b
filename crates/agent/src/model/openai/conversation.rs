//! A conversation with a language model: ask, let it use tools, ask again, until it answers or there is no more time.

use super::arguments::parameters;
use super::calls::AskedCall;
use super::provider::Provider;
use super::reply::{Finish, Reply};
use super::request::{Message, Request, offer, reminder};
use super::telling::{Say, Telling};
use super::trouble::Trouble;
use super::wording;
use crate::model::plan::buys;
use crate::model::session::{Call, Looked, Session, Stopped, failure};
use crate::model::tier::Tier;
use crate::runtime::{Answer, Step, TaskEnd, TaskFailure};
use crate::tools::Tool;
use futures_util::future::join_all;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// How many replies a run takes; for the last one there are no tools.
const ROUNDS: u32 = 8;
/// Before the second attempt; twice as long before each further one.
const BACKOFF: Duration = Duration::from_millis(500);
/// A wait is told again after so long.
const REMINDER: Duration = Duration::from_secs(6);
/// A model's name for a tool is told up to here.
const NAME_CHARS: usize = 64;

/// One run's conversation.
#[derive(Debug)]
pub(super) struct Conversation<'a> {
    session: Session<'a>,
    provider: &'a Provider,
    /// What this user's tier buys.
    tools: Vec<Arc<dyn Tool>>,
    messages: Vec<Message>,
    /// The answer as far as it was told.
    answer: String,
    /// By tool: what its last call did not give.
    lacking: BTreeMap<String, String>,
    until: Instant,
}

/// Why a conversation ends without an answer.
#[derive(Debug)]
enum Halt {
    Stopped,
    Failed(TaskFailure),
}

impl From<Stopped> for Halt {
    fn from(_: Stopped) -> Self {
        Self::Stopped
    }
}

impl<'a> Conversation<'a> {
    pub(super) fn new(session: Session<'a>, provider: &'a Provider) -> Self {
        let tier = Tier::from_name(&session.task.tier);
        let tools = session.desk.tools().tools().filter(|tool| buys(tier, tool.name())).cloned().collect();
        let messages = vec![
            Message::System { content: wording::ROLE.to_owned() },
            Message::User { content: session.task.message.clone() },
        ];
        let until = Instant::now() + provider.endpoint().waits.whole;
        Self { session, provider, tools, messages, answer: String::new(), lacking: BTreeMap::new(), until }
    }

    pub(super) async fn run(mut self) -> TaskEnd {
        match self.converse().await {
            Ok(answer) => TaskEnd::Completed(answer),
            Err(Halt::Failed(failure)) => TaskEnd::Failed(failure),
            Err(Halt::Stopped) => TaskEnd::Cancelled,
        }
    }

    async fn converse(&mut self) -> Result<Answer, Halt> {
        let model = &self.provider.endpoint().model;
        let task_description = wording::task_description(self.session.task, model);
        self.session.tell(Step::Started { agent: self.session.agent.clone(), task_description }).await?;
        self.think(wording::opening(model, self.tools.len())).await?;
        let offered: Vec<Value> = self.tools.iter().map(|tool| offer(&**tool)).collect();
        for round in 1..=ROUNDS {
            let reply = self.reply(&offered, round == ROUNDS).await?;
            if !reply.refusal.trim().is_empty() {
                let message = format!("the language model refused: {}", reply.refusal.trim());
                return Err(Halt::Failed(failure("model_refused", &message, false)));
            }
            if reply.calls.is_empty() || reply.finish != Some(Finish::Done) {
                return self.answered(&reply).map_err(Halt::Failed);
            }
            if round < ROUNDS {
                self.use_tools(reply, round).await?;
            }
        }
        let message =
            format!("the language model still asked for tools in its reply {ROUNDS}, the last there is");
        Err(Halt::Failed(failure("model_gave_no_answer", &message, true)))
    }

    /// Asks, again where that may help, until there is a whole reply.
    async fn reply(&mut self, offered: &[Value], last: bool) -> Result<Reply, Halt> {
        let attempts = self.provider.endpoint().waits.attempts.max(1);
        let mut attempt = 1;
        loop {
            let mut telling = Telling::new(!last && !offered.is_empty(), Instant::now());
            let trouble = match self.attempt(offered, last, &mut telling).await? {
                Ok(reply) => return Ok(reply),
                Err(trouble) => trouble,
            };
            tracing::warn!(attempt, "{}", trouble.said());
            // What users have read cannot be written anew.
            if telling.shown() || !trouble.may_pass() || attempt >= attempts {
                return Err(Halt::Failed(trouble.failure()));
            }
            let wait = trouble.wait().unwrap_or_else(|| backoff(attempt));
            if wait >= self.until.saturating_duration_since(Instant::now()) {
                let message = wording::too_long(&trouble, wait);
                return Err(Halt::Failed(TaskFailure { message, ..trouble.failure() }));
            }
            attempt += 1;
            self.think(wording::again(&trouble, wait, attempt, attempts)).await?;
            self.pause(wait).await?;
        }
    }

    /// Asks once, and tells the reply while it comes.
    async fn attempt(
        &mut self,
        offered: &[Value],
        last: bool,
        telling: &mut Telling,
    ) -> Result<Result<Reply, Trouble>, Stopped> {
        let provider = self.provider;
        // A copy, since what is told while we wait changes the conversation.
        let messages = self.messages.clone();
        let request = Request {
            model: &provider.endpoint().model,
            stream: true,
            messages: &messages,
            tools: offered,
            tool_choice: (last && !offered.is_empty()).then_some("none"),
        };
        let mut exchange = match self.listen(telling, provider.ask(&request)).await? {
            Ok(exchange) => exchange,
            Err(trouble) => return Ok(Err(trouble)),
        };
        let mut reply = Reply::default();
        let mut first = true;
        while reply.finish.is_none() {
            let chunk = self.listen(telling, exchange.next()).await?;
            let heard = match chunk.and_then(|chunk| reply.add(chunk)) {
                Ok(heard) => heard,
                Err(trouble) => return Ok(Err(trouble)),
            };
            let says = telling.hear(&heard, Instant::now());
            self.say(says, &mut first).await?;
        }
        let refused = !reply.refusal.is_empty();
        let says = telling.end(refused || !reply.calls.is_empty(), Instant::now());
        self.say(says, &mut first).await?;
        Ok(Ok(reply))
    }

    /// Waits for something of the provider; says meanwhile what is due, and gives up when the time is over.
    async fn listen<T>(
        &mut self,
        telling: &mut Telling,
        something: impl Future<Output = Result<T, Trouble>>,
    ) -> Result<Result<T, Trouble>, Stopped> {
        tokio::pin!(something);
        let until = self.until;
        loop {
            if Instant::now() >= until {
                return Ok(Err(Trouble::OutOfTime(self.provider.endpoint().waits.whole)));
            }
            let due = telling.due().min(until);
            let come = self.session.unless_stopped(async {
                tokio::select! {
                    biased;
                    come = &mut something => Some(come),
                    () = sleep_until(due) => None,
                }
            });
            if let Some(come) = come.await? {
                return Ok(come);
            }
            let says = telling.wait(Instant::now());
            self.say(says, &mut true).await?;
        }
    }

    /// Tells; the first text of a reply is set off from what an earlier one wrote.
    async fn say(&mut self, says: Vec<Say>, first: &mut bool) -> Result<(), Stopped> {
        for say in says {
            match say {
                Say::Thought(thought) => self.think(thought).await?,
                Say::Text(text) => {
                    let apart = std::mem::take(first) && !self.answer.is_empty();
                    let text = if apart { format!("\n\n{text}") } else { text };
                    self.answer.push_str(&text);
                    self.session.tell(Step::Delta { agent: self.session.agent.clone(), text }).await?;
                }
            }
        }
        Ok(())
    }

    async fn think(&self, thought: String) -> Result<(), Stopped> {
        self.session.think(None, thought, None).await
    }

    async fn pause(&self, wait: Duration) -> Result<(), Stopped> {
        let end = Instant::now() + wait;
        loop {
            let left = end.saturating_duration_since(Instant::now());
            self.session.unless_stopped(sleep(left.min(REMINDER))).await?;
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(());
            }
            self.think(wording::still_waiting(left)).await?;
        }
    }

    /// Calls what the model wants, all at once, and gives it what they answered.
    async fn use_tools(&mut self, reply: Reply, round: u32) -> Result<(), Stopped> {
        let asked = reply.calls.into_asked();
        let tool_calls = asked.iter().map(reminder).collect();
        self.messages.push(Message::Assistant { content: reply.text, tool_calls });
        let looked = join_all(asked.iter().map(|call| self.call(call))).await;
        let (mut answered, mut failed) = (0, 0);
        for (call, looked) in asked.into_iter().zip(looked) {
            let looked = looked?;
            *if looked.is_ok() { &mut answered } else { &mut failed } += 1;
            self.note(&call.tool, &looked);
            let content = match looked {
                Ok(found) => Value::Object(found),
                Err(why) => json!({ "error": { "code": why.code, "message": why.message } }),
            };
            self.messages.push(Message::Tool { tool_call_id: call.id, content: content.to_string() });
        }
        self.think(wording::after_tools(round, answered, failed)).await
    }

    async fn call(&self, asked: &AskedCall) -> Result<Looked, Stopped> {
        let name = told_name(&asked.tool);
        let Some(tool) = self.tools.iter().find(|tool| tool.name() == asked.tool) else {
            let valid = self.tools.iter().map(|tool| tool.name()).collect::<Vec<_>>().join(", ");
            let why = format!("no tool is called `{name}` (valid: {valid})");
            let purpose = wording::no_such_tool(&name);
            let call = Call { specialist: None, tool: &name, parameters: &Map::new(), purpose };
            return self.session.refuse(call, failure("unknown_tool", &why, false)).await;
        };
        let call = |parameters| Call {
            specialist: None,
            tool: tool.name(),
            parameters,
            purpose: tool.description().to_owned(),
        };
        match parameters(&**tool, &asked.arguments) {
            Ok(parameters) => self.session.call(call(&parameters)).await,
            Err(why) => self.session.refuse(call(&Map::new()), why).await,
        }
    }

    /// A later call of the same tool replaces what an earlier one did not give.
    fn note(&mut self, tool: &str, looked: &Looked) {
        let tool = told_name(tool);
        let lacks = match looked {
            Err(why) => Some(format!("{tool} failed: {}.", why.message)),
            Ok(found) if found.get("status").and_then(Value::as_str) == Some("insufficient_data") => {
                let reason = found.get("reason").and_then(Value::as_str).unwrap_or("no reason was given");
                Some(format!("{tool} had insufficient data: {reason}."))
            }
            Ok(_) => None,
        };
        match lacks {
            Some(lacks) => self.lacking.insert(tool, lacks),
            None => self.lacking.remove(&tool),
        };
    }

    /// The answer, as whole as it is; without one the run failed.
    fn answered(&mut self, reply: &Reply) -> Result<Answer, TaskFailure> {
        let empty = self.answer.trim().is_empty();
        let cut = match reply.finish {
            Some(Finish::Length) if empty || !reply.calls.is_empty() => {
                let why = "the language model ran into its length limit before it answered";
                return Err(failure("model_length_limit", &why, false));
            }
            Some(Finish::Filtered) if empty || !reply.calls.is_empty() => {
                let why = "the model provider's content filter stopped the answer";
                return Err(failure("model_content_filtered", &why, false));
            }
            _ if empty => {
                return Err(failure("empty_answer", &"the language model gave no answer", true));
            }
            Some(Finish::Length) => {
                Some("The language model ran into its length limit: the answer ends early.")
            }
            Some(Finish::Filtered) => {
                Some("The model provider's content filter stopped the answer: it ends early.")
            }
            Some(Finish::Done) | None => None,
        };
        let limitations: Vec<String> = cut
            .map(str::to_owned)
            .into_iter()
            .chain(std::mem::take(&mut self.lacking).into_values())
            .collect();
        Ok(Answer {
            agent: self.session.agent.clone(),
            summary: wording::summary(&self.answer),
            final_response: std::mem::take(&mut self.answer),
            degraded: !limitations.is_empty(),
            limitations,
        })
    }
}

/// A model's name for a tool, as users are told it.
fn told_name(name: &str) -> String {
    let name: String = name.chars().filter(|c| !c.is_control()).take(NAME_CHARS).collect();
    if name.trim().is_empty() { "a tool without a name".to_owned() } else { name }
}

/// Twice as long each time, and never the same for all who were refused at once.
fn backoff(attempt: u32) -> Duration {
    let whole = BACKOFF.saturating_mul(1 << attempt.saturating_sub(1).min(6));
    let share = StdRng::try_from_os_rng().map_or(1.0, |mut random| random.random_range(0.5..=1.0));
    whole.mul_f64(share)
}
