//! The life of a run in the index: begun, tied to its request, settled.

use super::{Index, RunView, SettledRun, hash_of};
use crate::observation::{RequestIx, RunIx, UserIx};
use goldenpath_protocol::EventType;

/// How long after its terminal a run is kept whole, for other tabs that are still catching up.
const SETTLE_NS: u64 = 10_000_000_000;

/// Tables kept for runs that begin, and how long one may be.
const SPARE: usize = 256;
const SPARE_LENGTH: usize = 256;

impl Index {
    pub(super) fn begin(
        &mut self,
        id: &str,
        owner: UserIx,
        request: Option<RequestIx>,
        line: u64,
        t_ns: u64,
    ) -> RunIx {
        let run = RunIx(u32::try_from(self.run_by_id.len()).unwrap_or(u32::MAX));
        self.run_by_id.insert(hash_of(id), run);
        let gap_before = self.user(owner).and_then(|user| user.gap);
        let seen = self.spare.pop().unwrap_or_default();
        self.runs.insert(
            run,
            RunView {
                id: id.into(),
                owner,
                request: None,
                thread: None,
                first_line: line,
                first_t_ns: t_ns,
                last_line: line,
                last_t_ns: t_ns,
                terminal: None,
                counts: [0; EventType::ALL.len()],
                sights: Vec::new(),
                gap: None,
                gap_before,
                extensions: 0,
                cancel_line: None,
                cancel_t_ns: None,
                seen,
            },
        );
        if let Some(user) = self.user_mut(owner) {
            user.open_runs.push(run);
        }
        if let Some(request) = request {
            self.tie(run, request);
        }
        run
    }

    /// A run answers a request; the first that it answers is its own.
    pub(super) fn link(&mut self, run: RunIx, request: RequestIx) {
        if let Some(view) = self.request_mut(request) {
            view.run.get_or_insert(run);
        }
        if self.run(run).is_some_and(|view| view.request.is_none()) {
            self.tie(run, request);
        }
    }

    /// Ties a run to its request, which may have been learnt after the run's first events: only now it is known who was there before
    /// it was asked for.
    fn tie(&mut self, run: RunIx, request: RequestIx) {
        let Some(asked) = self.request(request).map(|request| request.line) else { return };
        let Some(view) = self.runs.get_mut(&run) else { return };
        view.request = Some(request);
        for sight in &mut view.sights {
            let conn = self.conns.get(sight.conn.0 as usize);
            // Whoever showed an event was there by then, whatever was recorded of its greeting.
            sight.from_start = conn.is_some_and(|conn| conn.joined_line().min(sight.first_line) < asked);
        }
        // Asked for before the gap, heard of after it: what it showed in between is in the gap too.
        view.gap = view.gap_before.filter(|gap| asked < gap.line()).or(view.gap);
    }

    /// The next run that ended long enough before `now_ns`.
    pub(crate) fn next_to_settle(&mut self, now_ns: u64) -> Option<RunIx> {
        let (run, ended) = *self.ended.front()?;
        if now_ns.saturating_sub(ended) < SETTLE_NS {
            return None;
        }
        self.ended.pop_front();
        Some(run)
    }

    /// Runs that are not settled, in the order of first sight.
    pub(crate) fn unsettled(&self) -> Vec<RunIx> {
        let mut left: Vec<RunIx> = self.runs.keys().copied().collect();
        left.sort_unstable();
        left
    }

    /// Forgets a run but for what stays.
    pub(crate) fn settle(&mut self, run: RunIx) {
        let Some(mut view) = self.runs.remove(&run) else { return };
        if let Some(user) = self.user_mut(view.owner) {
            user.open_runs.retain(|open| *open != run);
        }
        if let Some(request) = view.request.and_then(|request| self.request_mut(request)) {
            request.id = Box::default();
            request.scenario = Box::default();
            request.prompt = None;
        }
        if view.seen.capacity() <= SPARE_LENGTH && self.spare.len() < SPARE {
            view.seen.clear();
            self.spare.push(std::mem::take(&mut view.seen));
        }
        let kept = SettledRun {
            owner: view.owner,
            request: view.request,
            terminal: view.terminal.map(|terminal| (terminal.kind, terminal.line)),
            ended_ns: view.terminal.map_or(view.last_t_ns, |terminal| terminal.t_ns),
            last_line: view.last_line,
            gap: view.gap.is_some(),
            events: view.events(),
        };
        self.settled.get_or_insert_with(run, || kept);
    }
}
