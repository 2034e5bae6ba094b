//! Records read ahead, their texts in one piece of memory: what one thread reads and another one uses.

use crate::{Direction, LineError, Record, RecordKind};
use std::borrow::Cow;
use std::ops::Range;

/// Records of a history in their order, and the lines between them that could not be read.
///
/// Emptied and filled again it asks for no new memory, as long as its records are of the usual kinds.
#[derive(Debug, Default)]
pub struct Batch {
    text: String,
    rows: Vec<Result<Row, LineError>>,
}

#[derive(Debug)]
struct Row {
    line: u64,
    t_ns: u64,
    conn: Option<u32>,
    user: Option<Range<usize>>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Frame {
        dir: Direction,
        raw: Range<usize>,
        opcode: Option<Range<usize>>,
    },
    /// A mark that has a note.
    Mark {
        name: Range<usize>,
        note: Range<usize>,
    },
    /// What comes seldom.
    Other(Box<RecordKind<'static>>),
}

impl Batch {
    /// Adds what a reader gave.
    pub fn push(&mut self, item: Result<(u64, Record<'_>), LineError>) {
        let row = item.map(|(line, record)| {
            let Record { t_ns, conn, user, kind } = record;
            let user = user.map(|user| self.keep(&user));
            let kind = match kind {
                RecordKind::Frame { dir, raw, opcode } => {
                    Kind::Frame { dir, raw: self.keep(&raw), opcode: opcode.map(|opcode| self.keep(&opcode)) }
                }
                RecordKind::Mark { name, note: Some(note) } => {
                    Kind::Mark { name: self.keep(&name), note: self.keep(&note) }
                }
                other => Kind::Other(Box::new(other.into_owned())),
            };
            Row { line, t_ns, conn, user, kind }
        });
        self.rows.push(row);
    }

    fn keep(&mut self, text: &str) -> Range<usize> {
        let from = self.text.len();
        self.text.push_str(text);
        from..self.text.len()
    }

    /// What was added, in its order. Texts of frames are borrowed, whatever they were.
    pub fn iter(&self) -> impl Iterator<Item = Result<(u64, Record<'_>), &LineError>> {
        self.rows.iter().map(|row| row.as_ref().map(|row| (row.line, self.record(row))))
    }

    fn record(&self, row: &Row) -> Record<'_> {
        let text = |range: &Range<usize>| Cow::Borrowed(&self.text[range.clone()]);
        let kind = match &row.kind {
            Kind::Frame { dir, raw, opcode } => {
                RecordKind::Frame { dir: *dir, raw: text(raw), opcode: opcode.as_ref().map(text) }
            }
            Kind::Mark { name, note } => RecordKind::Mark { name: text(name), note: Some(text(note)) },
            Kind::Other(kind) => RecordKind::clone(kind),
        };
        Record { t_ns: row.t_ns, conn: row.conn, user: row.user.as_ref().map(text), kind }
    }

    /// How many records and lines it holds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether it holds nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes of text it holds.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.text.len()
    }

    /// Takes everything out and keeps the room, of which an outsize text may have needed more than `most` bytes.
    pub fn clear(&mut self, most: usize) {
        self.rows.clear();
        self.text.clear();
        self.text.shrink_to(most);
    }
}

#[cfg(test)]
mod tests {
    use super::Batch;
    use crate::{Direction, LineError, LineFault, Record, RecordKind};

    #[test]
    fn what_was_added_comes_back_in_its_order() {
        let frame =
            |t_ns, user: Option<&'static str>, raw: &'static str, opcode: Option<&'static str>| Record {
                t_ns,
                conn: Some(3),
                user: user.map(Into::into),
                kind: RecordKind::Frame {
                    dir: Direction::Out,
                    raw: raw.into(),
                    opcode: opcode.map(Into::into),
                },
            };
        let mark = |note: Option<&'static str>| Record {
            t_ns: 9,
            conn: None,
            user: None,
            kind: RecordKind::Mark { name: "store".into(), note: note.map(Into::into) },
        };
        let lost = Record {
            t_ns: 10,
            conn: None,
            user: Some("ada".into()),
            kind: RecordKind::Lost { count: 3, why: "full".into() },
        };
        let records = [
            frame(1, Some("ada"), "{\"é\":1}", None),
            frame(2, None, "", None),
            frame(3, Some(""), "AA==", Some("binary")),
            mark(Some("{}")),
            mark(None),
            lost,
        ];
        let error = LineError { line: 20, fault: LineFault::NotUtf8 };
        let mut batch = Batch::default();
        for _ in 0..2 {
            batch.clear(1);
            assert!(batch.is_empty());
            for (line, record) in (7..).zip(&records) {
                batch.push(Ok((line, record.clone())));
            }
            batch.push(Err(error.clone()));
            let back: Vec<_> = batch.iter().collect();
            let expected = (7..).zip(records.clone()).map(Ok).chain([Err(&error)]);
            assert_eq!(back, expected.collect::<Vec<_>>());
            assert_eq!(batch.len(), 7);
        }
    }
}
