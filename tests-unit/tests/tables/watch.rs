//! A check that judges nothing: what the index tells every check of each event, run, request and connection, in words.

use goldenpath_checkers::{
    Arrival, Check, CheckResult, ConnView, Index, Observation, RequestView, RunIx, RunView, SettledRun,
};
use std::fmt::Write as _;
use std::sync::{Arc, Mutex};

/// What was told, for whoever reads it when all is over.
pub(super) type Notes = Arc<Mutex<String>>;

/// The check.
pub(super) struct Watch(pub(super) Notes);

impl Watch {
    fn note(&self, line: &str) {
        let _ = writeln!(self.0.lock().unwrap(), "{line}");
    }
}

impl Check for Watch {
    fn ids(&self) -> &'static [&'static str] {
        &[]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        if let Some(arrival) = seen.arrival {
            self.note(&format!("line {}: {}", seen.line, arrived(arrival, index)));
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        self.note(&format!("run {} at line {}: {}", run.0, index.last_line(), of_run(view)));
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        for (user, view) in index.users() {
            let conns: Vec<u32> = view.conns.iter().map(|conn| conn.0).collect();
            let live: Vec<u32> = index.live_conns(user).map(|conn| conn.0).collect();
            self.note(&format!(
                "user {} {}: connections {conns:?}, live {live:?}, asked {}, gap {:?}, open {:?}, the same {}",
                user.0,
                view.name,
                view.asked,
                view.gap,
                view.open_runs,
                index.user_named(&view.name) == Some(user)
            ));
        }
        index
            .conns()
            .for_each(|(conn, view)| self.note(&format!("connection {}: {}", conn.0, of_conn(view))));
        for (request, view) in index.requests() {
            self.note(&format!("request {}: {}", request.0, of_request(view)));
        }
        for run in (0..).map(RunIx).take(index.run_count()) {
            self.note(&format!(
                "settled {}: {}",
                run.0,
                index.settled(run).map_or("no".to_owned(), of_settled)
            ));
        }
        let clock = index.clock();
        self.note(&format!(
            "from {} to {} ns, line {}, {} events, {} clock readings, offset {:?}",
            index.first_t_ns(),
            index.last_t_ns(),
            index.last_line(),
            index.events(),
            clock.readings(),
            clock.offset_ms(1)
        ));
        let trouble = index.trouble();
        self.note(&format!(
            "lost {}, incomplete {}, cut {}, hole {:?}, timed out {}, down {}, idle {:?}, absence {:?}, holes {:?}, passes {:?}",
            trouble.lost,
            trouble.incomplete,
            trouble.cut,
            trouble.first_hole,
            trouble.timed_out,
            trouble.target_down,
            trouble.idle_faults().collect::<Vec<_>>(),
            trouble.excuses_absence(),
            trouble.excuses_holes(),
            trouble.taints_passes()
        ));
        Vec::new()
    }
}

fn arrived(arrival: Arrival, index: &Index) -> String {
    let facts = [
        (arrival.foreign, "foreign"),
        (arrival.first, "first"),
        (arrival.repeated_here, "repeated here"),
        (arrival.replayed, "replayed"),
        (arrival.from_start, "from the start"),
        (arrival.after_terminal, "after a terminal"),
        (arrival.before_request, "before a request"),
        (arrival.settled, "settled"),
    ];
    let facts: Vec<&str> = facts.into_iter().filter(|(is, _)| *is).map(|(_, fact)| fact).collect();
    let owner = index.owner(arrival.run).map(|owner| owner.0);
    format!("run {} of {owner:?}, {}; seq before {:?}", arrival.run.0, facts.join(", "), arrival.previous_seq)
}

fn of_run(view: &RunView) -> String {
    let RunView { id, owner, request, thread, first_line, first_t_ns, last_line, last_t_ns, .. } = view;
    let request = request.map(|request| request.0);
    format!(
        "{id} of {} for {request:?} in {thread:?}, lines {first_line} to {last_line}, {first_t_ns} to {last_t_ns} ns, \
         {} events {:?} and {}, gap {:?}, cancel {:?} {:?}, {:?}, {:?}",
        owner.0,
        view.events(),
        view.counts,
        view.extensions,
        view.gap,
        view.cancel_line,
        view.cancel_t_ns,
        view.terminal,
        view.sights
    )
}

fn of_conn(view: &ConnView) -> String {
    format!(
        "accepted {}, live {}, forsaken {}, joined {}, {view:?}",
        view.accepted(),
        view.live(),
        view.forsaken(),
        view.joined_line()
    )
}

fn of_request(view: &RequestView) -> String {
    let RequestView { user, conn, id, line, t_ns, intended_t_ns, reference, attempts, run, .. } = view;
    format!(
        "`{id}` of {} on {:?}, line {line}, {t_ns} ns, wanted {intended_t_ns}, reference {reference:?}, {attempts} times, \
         run {:?}, thread {}, accepted {:?}, refused {:?}, `{}` {:?}",
        user.0,
        conn.map(|conn| conn.0),
        run.map(|run| run.0),
        view.thread.is_some(),
        view.accepted_line,
        view.refused_line,
        view.scenario,
        view.prompt
    )
}

fn of_settled(run: &SettledRun) -> String {
    format!("{run:?}")
}
