//! Reads a history in a thread of its own, ahead of the judge.
//!
//! What a record says by itself can be read by either. It is the reader's work as long as the judge has enough to do, and
//! the judge's while it would otherwise wait: so both are busy, whatever the history is made of.

use goldenpath_checkers::{ReadAhead, ReadRecord};
use goldenpath_history::{Batch, HistoryReader, LineError};
use std::io::{self, BufRead};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread;

/// A batch is full with so many records, or so many bytes of their texts: few enough to stay in a processor's cache.
const RECORDS: usize = 96;
const BYTES: usize = 192 << 10;

/// Batches that may wait for the judge.
const AHEAD: usize = 4;

/// Shows every record of a history to `take`, and every line that could not be read, in their order.
///
/// # Errors
/// When there is no thread to be had. A panic of the reading goes on here: what was shown until then is not the whole.
pub(super) fn each<R: BufRead + Send>(
    reader: HistoryReader<R>,
    mut take: impl FnMut(Result<&ReadRecord<'_>, &LineError>),
) -> io::Result<()> {
    let waiting = &AtomicUsize::new(0);
    thread::scope(|scope| {
        let (filled, ready) = sync_channel(AHEAD);
        let (used, spare) = channel();
        let reading = thread::Builder::new()
            .name("reading".to_owned())
            .spawn_scoped(scope, move || read(reader, waiting, &filled, &spare))?;
        for batch in ready {
            waiting.fetch_sub(1, Ordering::Relaxed);
            batch.rows().for_each(&mut take);
            // Nobody wants it any more when all is read.
            let _ = used.send(batch);
        }
        reading.join().unwrap_or_else(|panic| resume_unwind(panic));
        Ok(())
    })
}

/// Reads to the end, or until nobody listens; `waiting` counts the batches that the judge has before it.
fn read<R: BufRead>(
    mut reader: HistoryReader<R>,
    waiting: &AtomicUsize,
    filled: &SyncSender<ReadAhead>,
    spare: &Receiver<ReadAhead>,
) {
    loop {
        let mut batch = spare.try_recv().map(ReadAhead::into_batch).unwrap_or_default();
        let more = fill(&mut batch, &mut reader);
        if batch.is_empty() {
            return;
        }
        let idle = waiting.load(Ordering::Relaxed) == 0;
        let batch = if idle { ReadAhead::left(batch) } else { ReadAhead::of(batch) };
        waiting.fetch_add(1, Ordering::Relaxed);
        if filled.send(batch).is_err() || !more {
            return;
        }
    }
}

/// Fills a batch; whether anything may be left.
fn fill<R: BufRead>(batch: &mut Batch, reader: &mut HistoryReader<R>) -> bool {
    batch.clear(2 * BYTES);
    while batch.len() < RECORDS && batch.bytes() < BYTES {
        let Some(item) = reader.next() else { return false };
        batch.push(item);
    }
    true
}

#[cfg(test)]
mod tests {
    use super::{RECORDS, each};
    use goldenpath_history::HistoryReader;
    use goldenpath_simulator::{Scenario, simulate};
    use std::io::{self, BufRead, BufReader, Read};
    use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

    /// A history with lines that are none, and a cut last one; it takes several batches.
    fn history() -> String {
        let mut lines = simulate(&Scenario::golden_path().users(4).runs(4), 7).to_jsonl();
        let middle = lines[..lines.len() / 2].rfind('\n').map_or(0, |at| at + 1);
        lines.insert_str(middle, "{\"k\":\"warp\",\"t_ns\":5}\n\n[1]\n");
        lines.truncate(lines.len() - 9);
        assert!(lines.lines().count() > 3 * RECORDS, "several batches");
        lines
    }

    fn shown<R: BufRead + Send>(reader: HistoryReader<R>) -> Vec<String> {
        let mut shown = Vec::new();
        each(reader, |row| {
            shown.push(match row {
                Ok(read) => format!("{}: {:?}", read.line, read.record),
                Err(error) => format!("{error:?}"),
            });
        })
        .unwrap();
        shown
    }

    #[test]
    fn records_and_faults_come_in_their_order() {
        let history = history();
        let mut reader = HistoryReader::open(history.as_bytes()).unwrap();
        let mut expected = Vec::new();
        while let Some(item) = reader.next() {
            expected.push(match item {
                Ok((line, record)) => format!("{line}: {record:?}"),
                Err(error) => format!("{error:?}"),
            });
        }
        assert_eq!(shown(HistoryReader::open(history.as_bytes()).unwrap()), expected);
        assert!(expected.iter().filter(|line| line.starts_with("LineError")).count() == 3);
    }

    /// Breaks when it is read.
    struct Broken;

    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            resume_unwind(Box::new("a bug of the reading"))
        }
    }

    #[test]
    fn a_panic_of_the_reading_is_no_end_of_the_history() {
        let history = history();
        let input = BufReader::new(history.as_bytes().chain(Broken));
        let reader = HistoryReader::open(input).unwrap();
        assert!(catch_unwind(AssertUnwindSafe(|| shown(reader))).is_err());
    }

    #[test]
    fn a_panic_of_the_judging_ends_the_reading() {
        let history = history();
        let reader = HistoryReader::open(history.as_bytes()).unwrap();
        let judging = || each(reader, |_| resume_unwind(Box::new("a bug of the judging")));
        assert!(catch_unwind(AssertUnwindSafe(judging)).is_err());
    }
}
