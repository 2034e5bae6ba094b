//! What a simulated session consists of, told as a sentence.

use crate::trials::Trials;

/// How many tools a run calls, and how.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tools {
    /// None; the scenario then owes none.
    None,
    /// This many, one after the other.
    Sequential(u32),
    /// This many at once; they complete in another order than they began.
    Parallel(u32),
}

/// How runs end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// With an answer.
    Completed,
    /// With `agent_failed`.
    Failed,
    /// The user cancels while a tool is at work.
    Cancelled,
    /// One tool fails; the answer says what it lacks.
    Degraded,
}

/// How many events of a round make an overrun: more than a backend replays, and some to go away and come back in.
pub(crate) const OVERRUN: u32 = 520;
/// How many of them are missed.
pub(crate) const OVERRUN_MISSED: usize = 508;

/// What interrupts each user's first tab, once, in its first round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resume {
    /// Nothing.
    Never,
    /// It goes away in mid-run and resumes: the missed events are replayed.
    MidRun,
    /// It goes away after the terminal and resumes: nothing was missed.
    WithoutGap,
    /// It goes away in mid-run; the server says `failed`, and the client reads the run from the store.
    GapSignalled,
    /// The server drains after the terminal and says so; the client resumes at another node.
    Drained,
    /// It goes away in mid-run and resumes from a little before where it stood: what comes twice is known by its ids.
    Overlap,
    /// It goes away in mid-run, resumes, goes away again and resumes again.
    Twice,
    /// It goes away in mid-run and comes back after the run has ended: the terminal is among the missed events.
    EndsWhileAway,
    /// It goes away in mid-run and misses more than can be replayed: the server says `failed`, and the client reads the
    /// run from the store. The runs of the first round are long for it.
    Overrun,
    /// The log is lost in mid-run: every tab is closed with 4010 and comes back to a new epoch, which replays nothing of the
    /// old one.
    NewEpoch,
    /// A draining node gives the user's run up to another in mid-run; the first tab resumes there.
    TakenOver,
}

impl Resume {
    /// Whether the server cannot replay what was missed, and says so.
    pub(crate) fn refused(self) -> bool {
        matches!(self, Self::GapSignalled | Self::Overrun | Self::NewEpoch)
    }

    /// How many events before its last one the client asks to resume from.
    pub(crate) fn overlap(self) -> usize {
        if self == Self::Overlap { 2 } else { 0 }
    }
}

/// How connections end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leaving {
    /// The client closes with 1000.
    Politely,
    /// The transport ends without a Close, after every terminal (1006).
    Abruptly,
}

/// How fast the backend is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// Tens of milliseconds a step.
    Quick,
    /// 97 to 99 % of every limit of the golden path.
    NearLimits,
}

/// What the texts hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// English prose with figures.
    Plain,
    /// Emoji, right-to-left, combining marks, CJK, characters that JSON escapes.
    Unicode,
    /// The words `error`, `TODO`, `database connection` as what the user asked about.
    AlarmingWords,
    /// A prompt that looks like an event and holds what looks like a secret.
    LooksLikeEvent,
    /// The answer is a short table.
    ShortTable,
    /// One tool result close to the limit of an event, deeply nested.
    NearLimit,
    /// Thoughts, tool results and answers of many sentences, each text longer than 500 characters.
    Long,
}

/// A session to simulate. Start with [`Scenario::golden_path`] and say what differs.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    pub(crate) name: String,
    pub(crate) users: u32,
    pub(crate) runs: u32,
    pub(crate) at_once: u32,
    pub(crate) tabs: u32,
    pub(crate) tools: Tools,
    pub(crate) nested: bool,
    pub(crate) thoughts: u32,
    pub(crate) deltas: u32,
    pub(crate) ending: Ending,
    pub(crate) resume: Resume,
    pub(crate) leaving: Leaving,
    pub(crate) pace: Pace,
    pub(crate) content: Content,
    pub(crate) prompts: Vec<String>,
    pub(crate) same_prompt: bool,
    pub(crate) token_probes: bool,
    pub(crate) foreign_probes: bool,
    pub(crate) expiry_probe: bool,
    pub(crate) revocation_probe: bool,
    pub(crate) refreshed: bool,
    pub(crate) retried: bool,
    pub(crate) refused_first: bool,
    pub(crate) refused_requests: bool,
    pub(crate) store: bool,
    pub(crate) samples: bool,
    pub(crate) client_pause: bool,
    pub(crate) extra_types: bool,
    pub(crate) extra_fields: bool,
    pub(crate) full_segments: bool,
    pub(crate) quote_reference: bool,
    pub(crate) sla: bool,
    pub(crate) clock_offset_ms: f64,
    pub(crate) trials: Trials,
    pub(crate) categories: Vec<String>,
}

/// The four prompts that every run knows.
const PROMPTS: [&str; 4] = [
    "I'm spending $50k/month on AI infrastructure. Help me optimize costs.",
    "Analyze my entire AI infrastructure and provide cost optimization",
    "Review my model training pipeline for efficiency improvements",
    "Audit my data processing costs and recommend alternatives",
];

impl Scenario {
    /// Two users, one tab and two runs each, two tools in a row, an answer in deltas, samples and store documents.
    #[must_use]
    pub fn golden_path() -> Self {
        Self {
            name: "costs".to_owned(),
            users: 2,
            runs: 2,
            at_once: 1,
            tabs: 1,
            tools: Tools::Sequential(2),
            nested: false,
            thoughts: 2,
            deltas: 8,
            ending: Ending::Completed,
            resume: Resume::Never,
            leaving: Leaving::Politely,
            pace: Pace::Quick,
            content: Content::Plain,
            prompts: PROMPTS.iter().map(|&prompt| prompt.to_owned()).collect(),
            same_prompt: false,
            token_probes: false,
            foreign_probes: false,
            expiry_probe: false,
            revocation_probe: false,
            refreshed: false,
            retried: false,
            refused_first: false,
            refused_requests: false,
            store: true,
            samples: true,
            client_pause: false,
            extra_types: false,
            extra_fields: false,
            full_segments: false,
            quote_reference: true,
            sla: false,
            clock_offset_ms: 12.0,
            trials: Trials::default(),
            categories: Vec::new(),
        }
    }

    /// All that the categories functional, integration, performance and security look at: several users, two
    /// tabs, interleaved runs, a resume, token refusals, foreign ids, a refresh and an expiry.
    #[must_use]
    pub fn full_session() -> Self {
        Self::golden_path()
            .users(5)
            .runs(4)
            .tabs(2)
            .at_once(2)
            .with_token_probes()
            .with_foreign_probes()
            .with_refresh()
            .with_expiry_probe()
            .in_categories(["functional", "integration", "performance", "security"])
    }

    /// The name that requests carry.
    #[must_use]
    pub fn named(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Distinct identities, at once; at least one.
    #[must_use]
    pub fn users(mut self, users: u32) -> Self {
        self.users = users.max(1);
        self
    }

    /// Runs of each user.
    #[must_use]
    pub fn runs(mut self, runs: u32) -> Self {
        self.runs = runs;
        self
    }

    /// Runs of one user that overlap, each in a thread of its own; 1 to 5.
    #[must_use]
    pub fn at_once(mut self, at_once: u32) -> Self {
        self.at_once = at_once.clamp(1, 5);
        self
    }

    /// Connections of each user; 1 to 9.
    #[must_use]
    pub fn tabs(mut self, tabs: u32) -> Self {
        self.tabs = tabs.clamp(1, 9);
        self
    }

    /// Tools of each run.
    #[must_use]
    pub fn tools(mut self, tools: Tools) -> Self {
        self.tools = tools;
        self
    }

    /// A specialist thinks and calls the tools inside the supervisor's run.
    #[must_use]
    pub fn with_nested_agents(mut self) -> Self {
        self.nested = true;
        self
    }

    /// Thoughts before the tools; at least one.
    #[must_use]
    pub fn thoughts(mut self, thoughts: u32) -> Self {
        self.thoughts = thoughts.max(1);
        self
    }

    /// Pieces in which the answer comes; 0 to 200.
    #[must_use]
    pub fn deltas(mut self, deltas: u32) -> Self {
        self.deltas = deltas.min(200);
        self
    }

    /// How runs end.
    #[must_use]
    pub fn ending(mut self, ending: Ending) -> Self {
        self.ending = ending;
        self
    }

    /// What interrupts each user's first tab.
    #[must_use]
    pub fn resuming(mut self, resume: Resume) -> Self {
        self.resume = resume;
        self
    }

    /// How connections end.
    #[must_use]
    pub fn leaving(mut self, leaving: Leaving) -> Self {
        self.leaving = leaving;
        self
    }

    /// How fast the backend is.
    #[must_use]
    pub fn pace(mut self, pace: Pace) -> Self {
        self.pace = pace;
        self
    }

    /// What the texts hold; other than plain content brings its own prompts.
    #[must_use]
    pub fn content(mut self, content: Content) -> Self {
        self.content = content;
        self
    }

    /// The prompts, taken in turn; none leaves the four known ones.
    #[must_use]
    pub fn prompts<P: Into<String>>(mut self, prompts: impl IntoIterator<Item = P>) -> Self {
        let prompts: Vec<String> = prompts.into_iter().map(Into::into).collect();
        if !prompts.is_empty() {
            self.prompts = prompts;
        }
        self
    }

    /// Every user asks the same in the same round.
    #[must_use]
    pub fn with_equal_prompts(mut self) -> Self {
        self.same_prompt = true;
        self
    }

    /// The first user shows each kind of bad token once, then a good one; the second shows a good one after it.
    #[must_use]
    pub fn with_token_probes(mut self) -> Self {
        self.token_probes = true;
        self
    }

    /// Every user tries the next user's run, thread and epoch, in vain.
    #[must_use]
    pub fn with_foreign_probes(mut self) -> Self {
        self.foreign_probes = true;
        self
    }

    /// The first user stays until a short token and its grace have run out.
    #[must_use]
    pub fn with_expiry_probe(mut self) -> Self {
        self.expiry_probe = true;
        self
    }

    /// Every user has a token revoked while a connection of its own shows it, and is refused with it afterwards.
    #[must_use]
    pub fn with_revocation_probe(mut self) -> Self {
        self.revocation_probe = true;
        self
    }

    /// Every user refreshes the token of its first tab in mid-stream, then tries it with another user's, in vain.
    #[must_use]
    pub fn with_refresh(mut self) -> Self {
        self.refreshed = true;
        self
    }

    /// Every first request is sent a second time under its id, and makes no second run.
    #[must_use]
    pub fn with_retries(mut self) -> Self {
        self.retried = true;
        self
    }

    /// Every user's first attempt to connect is answered 429.
    #[must_use]
    pub fn with_explicit_refusals(mut self) -> Self {
        self.refused_first = true;
        self
    }

    /// Every user first asks an agent that is not there, and is told so by an `error`.
    #[must_use]
    pub fn with_refused_requests(mut self) -> Self {
        self.refused_requests = true;
        self
    }

    /// Without store documents (they repeat every event once).
    #[must_use]
    pub fn without_store(mut self) -> Self {
        self.store = false;
        self
    }

    /// Without resource samples.
    #[must_use]
    pub fn without_samples(mut self) -> Self {
        self.samples = false;
        self
    }

    /// The recording client was paused by its machine for 900 ms.
    #[must_use]
    pub fn with_client_pause(mut self) -> Self {
        self.client_pause = true;
        self
    }

    /// Events of types in the namespace `x.` between the others.
    #[must_use]
    pub fn with_extra_types(mut self) -> Self {
        self.extra_types = true;
        self
    }

    /// Fields beyond the schema in every event.
    #[must_use]
    pub fn with_extra_fields(mut self) -> Self {
        self.extra_fields = true;
        self
    }

    /// Events that come shortly after each other share a segment, and arrive at one instant. Only [`simulate`](crate::simulate) tells
    /// it: a history told record by record cannot look ahead.
    #[must_use]
    pub fn in_full_segments(mut self) -> Self {
        self.full_segments = true;
        self
    }

    /// Answers do not quote their reference, and are not asked to.
    #[must_use]
    pub fn without_quoted_references(mut self) -> Self {
        self.quote_reference = false;
        self
    }

    /// The header says that this was an SLA run.
    #[must_use]
    pub fn as_sla_run(mut self) -> Self {
        self.sla = true;
        self
    }

    /// Server clock minus client clock, in milliseconds.
    #[must_use]
    pub fn clock_offset_ms(mut self, offset: f64) -> Self {
        self.clock_offset_ms = offset;
        self
    }

    /// The categories that header and marks name.
    #[must_use]
    pub fn in_categories<C: Into<String>>(mut self, categories: impl IntoIterator<Item = C>) -> Self {
        self.categories = categories.into_iter().map(Into::into).collect();
        self
    }

    /// Thoughts of a user's run: an overrun takes a long one.
    pub(crate) fn thoughts_of(&self, run: u32) -> u32 {
        if self.resume == Resume::Overrun && run < self.at_once {
            self.thoughts + OVERRUN
        } else {
            self.thoughts
        }
    }

    /// Rounds of each user: runs that overlap share one.
    pub(crate) fn rounds(&self) -> u32 {
        self.runs.div_ceil(self.at_once)
    }

    /// The prompt of a user's run.
    pub(crate) fn prompt(&self, user: u32, run: u32) -> &str {
        let shift = if self.same_prompt { 0 } else { user as usize };
        match self.content {
            Content::Plain | Content::ShortTable | Content::NearLimit | Content::Long => self
                .prompts
                .get((shift + run as usize) % self.prompts.len().max(1))
                .map_or("", String::as_str),
            Content::Unicode => {
                "Review the costs of 「東京リージョン」 and \u{202b}خدمة التخزين\u{202c} 🚀 for our cafe\u{301} \"naïve\" \
                 clusters\tplease"
            }
            Content::AlarmingWords => {
                "Our database connection error budget is gone and the TODO list of failed jobs grows: \
                 what does each error cost, and what should we fix first?"
            }
            Content::LooksLikeEvent => {
                "Our log holds {\"type\":\"agent_completed\",\"run_id\":\"null\",\"final_response\":\"...\"} and \
                 api_key=sk-live-0123456789abcdef0123: what does keeping such log storage cost us?"
            }
        }
    }
}
