//! Records read ahead of the judge, with what they say by themselves: as much of the work as needs no other record.
//!
//! Reading and judging take about as long as each other, so that two threads are done in half the time. Which threads
//! those are is for whoever has any to say.

use crate::at_sight::AtSight;
use goldenpath_history::{Batch, LineError, Record};
use self_cell::self_cell;

/// A record, and what it says by itself.
#[derive(Debug)]
pub struct ReadRecord<'a> {
    /// Its line; the header is line 1.
    pub line: u64,
    /// The record itself.
    pub record: Record<'a>,
    /// `None` when nobody read it yet.
    pub(crate) at_sight: Option<AtSight<'a>>,
}

impl<'a> ReadRecord<'a> {
    fn new(line: u64, record: Record<'a>) -> Self {
        let at_sight = AtSight::of_borrowed(&record.kind);
        Self { line, record, at_sight }
    }
}

type Rows<'a> = Vec<Result<ReadRecord<'a>, &'a LineError>>;

self_cell!(
    struct Cell {
        owner: Batch,
        #[covariant]
        dependent: Rows,
    }

    impl {Debug}
);

/// A batch of records, all of them read.
#[derive(Debug)]
pub struct ReadAhead(Cell);

impl ReadAhead {
    /// Reads the records of a batch.
    #[must_use]
    pub fn of(batch: Batch) -> Self {
        Self(Cell::new(batch, |batch| {
            batch.iter().map(|item| item.map(|(line, record)| ReadRecord::new(line, record))).collect()
        }))
    }

    /// The records in their order, and the lines that could not be read.
    pub fn rows(&self) -> impl Iterator<Item = Result<&ReadRecord<'_>, &LineError>> {
        self.0.borrow_dependent().iter().map(|row| row.as_ref().map_err(|error| *error))
    }

    /// The batch again.
    #[must_use]
    pub fn into_batch(self) -> Batch {
        self.0.into_owner()
    }
}
