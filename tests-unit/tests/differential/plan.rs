//! What a generated session does: a few numbers, so that proptest can take them away again one by one.

use proptest::collection::vec;
use proptest::prelude::{Just, Strategy, any, prop_oneof};

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Completed,
    Degraded,
    Failed,
    Cancelled,
    /// It just stops.
    Nothing,
}

/// One run, as its user asks for it and as the backend answers.
#[derive(Debug, Clone)]
pub(super) struct RunPlan {
    pub(super) user: u8,
    pub(super) thoughts: u8,
    pub(super) tools: u8,
    pub(super) deltas: u8,
    pub(super) ending: Ending,
    /// Whether the scenario owes tools.
    pub(super) owes_tools: bool,
    /// Whether the request's frame was recorded as well.
    pub(super) sent: bool,
    /// Refused with an `error` instead.
    pub(super) refused: bool,
    /// What the scenario asks for is not what comes.
    pub(super) owed_otherwise: bool,
}

/// How a connection that went away comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Back {
    Full,
    Failed,
    Fresh,
    Never,
}

/// A user's first connection goes away.
#[derive(Debug, Clone)]
pub(super) struct Leave {
    pub(super) user: u8,
    /// After so many events of that user.
    pub(super) after: u8,
    /// So many are missed.
    pub(super) missed: u8,
    pub(super) back: Back,
    /// How many events before its last one the client asks to resume from.
    pub(super) overlap: u8,
    /// 0: the client says goodbye; 1: the transport ends; 2: the server closes.
    pub(super) by: u8,
}

/// What is hit on purpose, because chance would hit it too seldom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Aim {
    /// A text that people read says nothing.
    Hollow,
    /// An event comes before its request.
    Early,
    /// The backend waits before an event of that type.
    Thinking,
    Executing,
    Completed,
    Ending,
    Anything,
    /// An event has no timestamp, or a bad one.
    Timestamp,
    /// An event is labelled with another thread.
    Thread,
    /// A text holds another user's reference.
    Canary,
    /// Two pieces of the answer, or the answer, differ.
    Piece,
}

/// One thing that is wrong with the session. Places are taken modulo what there is.
#[derive(Debug, Clone)]
pub(super) enum Fault {
    Drop(u16),
    /// The same frame again, so many frames later.
    Again(u16, u8),
    /// The same event under a new id.
    AgainAsNew(u16, u8),
    /// Two frames so far apart change places.
    Swap(u16, u8),
    /// A field loses its value, or gets another.
    Remove(u16, u8),
    Set(u16, u8, u8),
    /// `seq` or `offset` is off.
    Number(u16, bool, i8),
    /// The timestamp is off, or misspelt.
    Made(u16, u8),
    /// All timestamps from here on are the same.
    Frozen(u16),
    /// A copy, or the frame itself, goes to a connection of another user, or to another of the same.
    Leak(u16, u8, bool),
    /// The text is not one event as JSON.
    Raw(u16, u8),
    /// From here on everything comes later; or only this frame does.
    Late(u16, u8, bool),
    /// The history ends here.
    Cut(u16),
    /// The capture lost records.
    Lost(u16),
    /// Another user's reference stands in a text.
    Plant(u16, u8),
    /// The event is of another type.
    Kind(u16, u8),
    /// An id of another user, run or request.
    Relabel(u16, u8),
    /// The connection ends here.
    Close(u16, u8),
    /// From here on the events of a run are another's.
    SecondRun(u16),
    /// What seldom happens by chance.
    Aimed(Aim, u16, u8),
}

/// A session.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    /// Two connections for the user of that number.
    pub(super) tabs: [bool; 3],
    pub(super) runs: Vec<RunPlan>,
    /// Which run goes on next.
    pub(super) turns: Vec<u8>,
    /// Milliseconds between records.
    pub(super) pace: u8,
    pub(super) leave: Option<Leave>,
    /// Heartbeats at the end tell where the streams stand.
    pub(super) heartbeats: bool,
    pub(super) faults: Vec<Fault>,
}

fn ending() -> impl Strategy<Value = Ending> {
    prop_oneof![
        7 => Just(Ending::Completed),
        1 => Just(Ending::Degraded),
        1 => Just(Ending::Failed),
        1 => Just(Ending::Cancelled),
        1 => Just(Ending::Nothing),
    ]
}

fn run() -> impl Strategy<Value = RunPlan> {
    let odds = |one_in: u8| (0..one_in).prop_map(|drawn| drawn == 1);
    let shape = (0..3_u8, 1..3_u8, 0..3_u8, 0..3_u8, ending());
    (shape, any::<bool>(), any::<bool>(), odds(20), odds(12)).prop_map(
        |((user, thoughts, tools, deltas, ending), owes_tools, sent, refused, owed_otherwise)| RunPlan {
            user,
            thoughts,
            tools,
            deltas,
            ending,
            owes_tools: owes_tools && tools > 0,
            sent,
            refused,
            owed_otherwise,
        },
    )
}

fn leave() -> impl Strategy<Value = Leave> {
    let back = prop_oneof![
        5 => Just(Back::Full),
        2 => Just(Back::Failed),
        1 => Just(Back::Fresh),
        1 => Just(Back::Never)
    ];
    (0..3_u8, 1..6_u8, 0..4_u8, back, 0..3_u8, 0..3_u8)
        .prop_map(|(user, after, missed, back, overlap, by)| Leave { user, after, missed, back, overlap, by })
}

fn aim() -> impl Strategy<Value = Aim> {
    use Aim::{
        Anything, Canary, Completed, Early, Ending, Executing, Hollow, Piece, Thinking, Thread, Timestamp,
    };
    let all = vec![
        Hollow, Early, Thinking, Executing, Executing, Completed, Completed, Ending, Ending, Anything,
        Timestamp, Thread, Canary, Piece,
    ];
    proptest::sample::select(all)
}

fn fault() -> impl Strategy<Value = Fault> {
    let at = any::<u16>();
    prop_oneof![
        4 => at.prop_map(Fault::Drop),
        2 => (at, 0..6_u8).prop_map(|(at, later)| Fault::Again(at, later)),
        1 => (at, 0..6_u8).prop_map(|(at, later)| Fault::AgainAsNew(at, later)),
        3 => (at, 0..4_u8).prop_map(|(at, by)| Fault::Swap(at, by)),
        2 => (at, any::<u8>()).prop_map(|(at, field)| Fault::Remove(at, field)),
        3 => (at, any::<u8>(), any::<u8>()).prop_map(|(at, field, value)| Fault::Set(at, field, value)),
        1 => (at, any::<bool>(), -3..4_i8).prop_map(|(at, seq, by)| Fault::Number(at, seq, by)),
        2 => (at, any::<u8>()).prop_map(|(at, how)| Fault::Made(at, how)),
        1 => at.prop_map(Fault::Frozen),
        3 => (at, any::<u8>(), any::<bool>()).prop_map(|(at, to, moved)| Fault::Leak(at, to, moved)),
        2 => (at, any::<u8>()).prop_map(|(at, how)| Fault::Raw(at, how)),
        4 => (at, any::<u8>(), any::<bool>()).prop_map(|(at, by, all)| Fault::Late(at, by, all)),
        1 => at.prop_map(Fault::Cut),
        1 => at.prop_map(Fault::Lost),
        1 => (at, any::<u8>()).prop_map(|(at, field)| Fault::Plant(at, field)),
        1 => (at, any::<u8>()).prop_map(|(at, kind)| Fault::Kind(at, kind)),
        2 => (at, any::<u8>()).prop_map(|(at, how)| Fault::Relabel(at, how)),
        1 => (at, any::<u8>()).prop_map(|(at, how)| Fault::Close(at, how)),
        1 => at.prop_map(Fault::SecondRun),
        14 => (aim(), at, any::<u8>()).prop_map(|(aim, at, how)| Fault::Aimed(aim, at, how)),
    ]
}

/// Sessions of a few records, healthy ones among them.
pub(super) fn plan() -> impl Strategy<Value = Plan> {
    let faults = prop_oneof![
        1 => Just(Vec::new()).boxed(),
        4 => vec(fault(), 1..2).boxed(),
        2 => vec(fault(), 2..4).boxed(),
    ];
    let leave = prop_oneof![4 => Just(None).boxed(), 1 => leave().prop_map(Some).boxed()];
    let tabs = (0..8_u8, any::<bool>()).prop_map(|(bits, several)| {
        let bits = if several { bits } else { 0 };
        [bits & 1 > 0, bits & 2 > 0, bits & 4 > 0]
    });
    (tabs, vec(run(), 1..4), vec(any::<u8>(), 12), 1..9_u8, leave, any::<bool>(), faults).prop_map(
        |(tabs, runs, turns, pace, leave, heartbeats, faults)| Plan {
            tabs,
            runs,
            turns,
            pace,
            leave,
            heartbeats,
            faults,
        },
    )
}
