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

type Rows<'a> = Vec<Result<ReadRecord<'a>, &'a LineError>>;

self_cell!(
    struct Cell {
        owner: Batch,
        #[covariant]
        dependent: Rows,
    }

    impl {Debug}
);

/// A batch of records.
#[derive(Debug)]
pub struct ReadAhead(Cell);

impl ReadAhead {
    /// The records of a batch, and what each says by itself.
    #[must_use]
    pub fn of(batch: Batch) -> Self {
        Self::with(batch, |record| AtSight::of_borrowed(&record.kind))
    }

    /// The records of a batch alone: what they say by themselves is left to the judge.
    #[must_use]
    pub fn left(batch: Batch) -> Self {
        Self::with(batch, |_| None)
    }

    fn with(batch: Batch, read: for<'a> fn(&Record<'a>) -> Option<AtSight<'a>>) -> Self {
        Self(Cell::new(batch, |batch| {
            let row = |(line, record)| ReadRecord { line, at_sight: read(&record), record };
            batch.iter().map(|item| item.map(row)).collect()
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
