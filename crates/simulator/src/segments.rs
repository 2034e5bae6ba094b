//! What a network makes of a stream without changing a byte of it: events wait for each other in one segment, and arrive at one
//! instant.

use goldenpath_history::{Direction, Record, RecordKind};
use std::collections::HashMap;

/// What comes within this time of the first of a segment comes with it.
const SEGMENT_NS: u64 = 20_000_000;

/// Lets what comes on a connection shortly after each other arrive together, when the last of it does. Whatever else happens on the
/// connection ends a segment.
pub(crate) fn gathered(mut records: Vec<Record<'static>>) -> Vec<Record<'static>> {
    let mut segments: HashMap<u32, Vec<usize>> = HashMap::new();
    for at in 0..records.len() {
        let Some(conn) = records[at].conn else { continue };
        let arrives = matches!(records[at].kind, RecordKind::Frame { dir: Direction::In, .. });
        let segment = segments.entry(conn).or_default();
        let until = segment.first().map(|first| records[*first].t_ns + SEGMENT_NS);
        if !arrives || until.is_some_and(|until| records[at].t_ns > until) {
            arrive_together(&mut records, segment);
        }
        if arrives {
            segment.push(at);
        }
    }
    segments.values_mut().for_each(|segment| arrive_together(&mut records, segment));
    records.sort_by_key(|record| record.t_ns);
    records
}

fn arrive_together(records: &mut [Record<'static>], segment: &mut Vec<usize>) {
    let Some(t_ns) = segment.last().map(|last| records[*last].t_ns) else { return };
    for at in segment.drain(..) {
        records[at].t_ns = t_ns;
    }
}

#[cfg(test)]
mod tests {
    use crate::{Scenario, simulate};
    use std::collections::HashMap;

    #[test]
    fn events_arrive_together_and_in_their_order() {
        let apart = simulate(&Scenario::golden_path(), 3);
        let together = simulate(&Scenario::golden_path().in_full_segments(), 3);
        let instants = |history: &crate::History| {
            let mut instants: HashMap<(u32, u64), u32> = HashMap::new();
            for record in &history.records {
                *instants.entry((record.conn.unwrap_or(0), record.t_ns)).or_insert(0) += 1;
            }
            instants.len()
        };
        assert!(instants(&together) < instants(&apart));
        for conn in apart.records.iter().filter_map(|record| record.conn) {
            let told = |history: &crate::History| {
                let of_conn = history.records.iter().filter(|record| record.conn == Some(conn));
                of_conn.map(|record| record.kind.clone()).collect::<Vec<_>>()
            };
            assert_eq!(told(&apart), told(&together));
        }
    }
}
