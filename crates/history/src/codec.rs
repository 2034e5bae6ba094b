//! The history's file format, streaming: a header, then one record a line, plain or zstd.
//!
//! What cannot be read is named by its line and the rest is read on; only an unknown version or a
//! file of another kind is refused as a whole.

use crate::lines::Lines;
use crate::{
    HISTORY_VERSION, Header, LineError, LineFault, OpenError, RECORDING, RECORDING_BEGUN, Record, RecordKind,
    line, written,
};
use serde::Deserialize;
use std::fmt;
use std::io::{self, BufRead, Write};

/// How hard the writer compresses: fast enough to keep up with a load run on one core.
const ZSTD_LEVEL: i32 = 3;

/// What a writer keeps of its line's memory; few lines are longer.
const LINE: usize = 64 << 10;

/// Reads a history record by record; records borrow from the reader's buffers.
#[derive(Debug)]
pub struct HistoryReader<R: BufRead> {
    lines: Lines<R>,
    header: Header,
    scratch: Vec<u8>,
    /// A recorder marked the beginning, and its mark of the end has not come.
    unfinished: bool,
}

impl<R: BufRead> HistoryReader<R> {
    /// Opens a history, plain or zstd, and reads its header.
    ///
    /// # Errors
    /// When nothing can be read, the version is unknown, or the file is no history.
    pub fn open(input: R) -> Result<Self, OpenError> {
        let mut lines = Lines::open(input)?;
        match FirstLine::of(&mut lines)? {
            FirstLine::History => Self::after_first(lines),
            FirstLine::CaptureHeader | FirstLine::CaptureLine => {
                Err(OpenError::Format { found: "raw capture", wanted: "history" })
            }
        }
    }

    pub(crate) fn after_first(lines: Lines<R>) -> Result<Self, OpenError> {
        let text = lines.text().unwrap_or_default();
        let header = serde_json::from_str(text).map_err(|why| OpenError::Unknown(why.to_string()))?;
        Ok(Self { lines, header, scratch: Vec::new(), unfinished: false })
    }

    /// The first line.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The next record with its line number, or the line that could not be read; `None` at the end.
    ///
    /// An error with [`LineError::is_cut`] says that the file ends early. Blank lines are skipped.
    #[expect(
        clippy::should_implement_trait,
        reason = "records borrow from the reader; `Iterator` cannot lend"
    )]
    pub fn next(&mut self) -> Option<Result<(u64, Record<'_>), LineError>> {
        let number = match self.lines.advance() {
            Some(Ok(number)) => number,
            Some(Err(error)) => {
                self.unfinished &= !error.is_cut();
                return Some(Err(error));
            }
            None if std::mem::take(&mut self.unfinished) => {
                return Some(Err(self.lines.fault(LineFault::Cut)));
            }
            None => return None,
        };
        let unended = self.lines.unended();
        let read = match self.lines.text() {
            Some(text) => line::read(text, &mut self.scratch),
            None => Err(LineFault::NotUtf8),
        };
        Some(match read {
            Ok(record) => {
                if let RecordKind::Mark { name, note } = &record.kind
                    && name == RECORDING
                {
                    self.unfinished = note.as_deref() == Some(RECORDING_BEGUN);
                }
                Ok((number, record))
            }
            Err(_) if unended => {
                self.unfinished = false;
                Err(LineError { line: number, fault: LineFault::Cut })
            }
            Err(fault) => Err(LineError { line: number, fault }),
        })
    }
}

/// What the first line says the file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FirstLine {
    /// A history's header.
    History,
    /// A capture's optional first line.
    CaptureHeader,
    /// A captured message: a capture without a first line.
    CaptureLine,
}

impl FirstLine {
    /// Moves to the first line and says what it begins; the line stays readable.
    pub(crate) fn of<R: BufRead>(lines: &mut Lines<R>) -> Result<Self, OpenError> {
        #[derive(Deserialize)]
        struct Keys {
            history: Option<serde_json::Value>,
            capture: Option<serde_json::Value>,
            dir: Option<serde::de::IgnoredAny>,
        }
        match lines.advance() {
            None => return Err(OpenError::Empty),
            Some(Err(error)) => return Err(OpenError::Unknown(error.fault.to_string())),
            Some(Ok(_)) => {}
        }
        let text = lines.text().ok_or_else(|| OpenError::Unknown(LineFault::NotUtf8.to_string()))?;
        let keys: Keys = serde_json::from_str(text).map_err(|why| OpenError::Unknown(why.to_string()))?;
        let known = |version: &serde_json::Value| version.as_u64() == Some(u64::from(HISTORY_VERSION));
        let refuse = |format, version: serde_json::Value| {
            Err(OpenError::Version { format, version: version.to_string().chars().take(40).collect() })
        };
        match (keys.history, keys.capture) {
            (Some(version), _) if known(&version) => Ok(Self::History),
            (Some(version), _) => refuse("history", version),
            (None, Some(version)) if known(&version) => Ok(Self::CaptureHeader),
            (None, Some(version)) => refuse("capture", version),
            (None, None) if keys.dir.is_some() => Ok(Self::CaptureLine),
            (None, None) => Err(OpenError::Unknown("it has none of `history`, `capture`, `dir`".to_owned())),
        }
    }
}

/// Writes a history: the header at once, then record by record.
///
/// A writer that is dropped unfinished leaves what it flushed; a compressed file then reads as cut.
#[must_use = "finish it, or a compressed history reads as cut off"]
pub struct HistoryWriter<W: Write> {
    sink: Sink<W>,
    /// The line under way: the output is called once for each.
    line: Vec<u8>,
    lines: u64,
}

enum Sink<W: Write> {
    Plain(W),
    Zstd(Box<zstd::Encoder<'static, W>>),
}

impl<W: Write> Sink<W> {
    fn output(&mut self) -> &mut dyn Write {
        match self {
            Self::Plain(out) => out,
            Self::Zstd(out) => out.as_mut(),
        }
    }
}

impl<W: Write> fmt::Debug for HistoryWriter<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HistoryWriter").field("lines", &self.lines).finish_non_exhaustive()
    }
}

impl<W: Write> HistoryWriter<W> {
    /// Begins a plain history on a buffered output.
    ///
    /// # Errors
    /// When the header cannot be written.
    pub fn plain(out: W, header: &Header) -> io::Result<Self> {
        Self::begin(Sink::Plain(out), header)
    }

    /// Begins a zstd history.
    ///
    /// # Errors
    /// When the compressor or the header's write fails.
    pub fn zstd(out: W, header: &Header) -> io::Result<Self> {
        Self::begin(Sink::Zstd(Box::new(zstd::Encoder::new(out, ZSTD_LEVEL)?)), header)
    }

    fn begin(sink: Sink<W>, header: &Header) -> io::Result<Self> {
        let mut writer = Self { sink, line: Vec::new(), lines: 0 };
        serde_json::to_writer(&mut writer.line, header)?;
        writer.end_line()?;
        Ok(writer)
    }

    fn end_line(&mut self) -> io::Result<u64> {
        self.line.push(b'\n');
        let result = self.sink.output().write_all(&self.line);
        self.line.shrink_to(LINE);
        result?;
        self.lines += 1;
        Ok(self.lines)
    }

    /// Writes one record and gives its line number.
    ///
    /// # Errors
    /// When the output refuses it; the file then ends in a cut line.
    pub fn write(&mut self, record: &Record<'_>) -> io::Result<u64> {
        self.line.clear();
        written::append(&mut self.line, record)?;
        self.end_line()
    }

    /// Makes everything written so far readable, should nothing follow.
    ///
    /// # Errors
    /// When the output refuses.
    pub fn flush(&mut self) -> io::Result<()> {
        self.sink.output().flush()
    }

    /// Ends the file and gives the output back.
    ///
    /// # Errors
    /// When the last bytes cannot be written.
    pub fn finish(self) -> io::Result<W> {
        let mut out = match self.sink {
            Sink::Plain(out) => out,
            Sink::Zstd(out) => out.finish()?,
        };
        out.flush()?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::{HistoryReader, HistoryWriter};
    use crate::{
        Direction, Header, LineFault, OpenError, RECORDING, RECORDING_BEGUN, RECORDING_ENDED, Record,
        RecordKind,
    };
    use std::borrow::Cow;

    fn frames(count: u64) -> Vec<Record<'static>> {
        let frame = |n: u64| Record {
            t_ns: n,
            conn: Some(1),
            user: Some(Cow::Owned(format!("user-{}", n % 7))),
            kind: RecordKind::Frame {
                dir: Direction::In,
                raw: Cow::Owned(format!(
                    "{{\"type\":\"agent_thinking\",\"seq\":{n},\"x\":\"é\\n{}\"}}",
                    n * 7919
                )),
                opcode: None,
            },
        };
        (1..=count).map(frame).collect()
    }

    fn written(compressed: bool, records: &[Record<'_>]) -> Vec<u8> {
        let header = Header::new("s", "ws://x/ws", "goldenpath");
        let mut writer = if compressed {
            HistoryWriter::zstd(Vec::new(), &header).unwrap()
        } else {
            HistoryWriter::plain(Vec::new(), &header).unwrap()
        };
        for record in records {
            writer.write(record).unwrap();
        }
        writer.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> (Vec<Record<'static>>, Vec<(u64, LineFault)>) {
        let mut reader = HistoryReader::open(bytes).unwrap();
        let (mut records, mut faults) = (Vec::new(), Vec::new());
        while let Some(item) = reader.next() {
            match item {
                Ok((_, record)) => records.push(record.into_owned()),
                Err(error) => faults.push((error.line, error.fault)),
            }
        }
        (records, faults)
    }

    #[test]
    fn a_history_survives_its_file_plain_and_compressed() {
        let records = frames(500);
        for compressed in [false, true] {
            assert_eq!(read(&written(compressed, &records)), (records.clone(), vec![]));
        }
    }

    #[test]
    fn lines_are_numbered_from_the_header_on() {
        let bytes = written(false, &frames(2));
        let mut reader = HistoryReader::open(bytes.as_slice()).unwrap();
        assert_eq!(reader.header().session_id, "s");
        assert_eq!(reader.next().unwrap().unwrap().0, 2);
        assert_eq!(reader.next().unwrap().unwrap().0, 3);
        assert!(reader.next().is_none());
    }

    #[test]
    fn a_bad_line_is_named_and_the_rest_is_read() {
        let mut bytes = written(false, &frames(1));
        bytes.extend_from_slice(b"{\"k\":\"frame\"\n\xff\xfe\n\n");
        let tail = written(false, &frames(1));
        let record = tail.iter().position(|byte| *byte == b'\n').unwrap() + 1;
        bytes.extend_from_slice(&tail[record..]);
        let (records, faults) = read(&bytes);
        assert_eq!(records.len(), 2);
        assert_eq!(faults.iter().map(|fault| fault.0).collect::<Vec<_>>(), [3, 4]);
        assert_eq!(faults[1].1, LineFault::NotUtf8);
    }

    #[test]
    fn a_cut_plain_file_says_where() {
        let bytes = written(false, &frames(3));
        let (records, faults) = read(&bytes[..bytes.len() - 5]);
        assert_eq!(records.len(), 2);
        assert_eq!(faults, [(4, LineFault::Cut)]);
    }

    #[test]
    fn a_recording_cut_between_two_lines_says_so_too() {
        let mark = |note: &'static str| Record {
            t_ns: 0,
            conn: None,
            user: None,
            kind: RecordKind::Mark { name: RECORDING.into(), note: Some(note.into()) },
        };
        let mut records = vec![mark(RECORDING_BEGUN)];
        records.extend(frames(3));
        records.push(mark(RECORDING_ENDED));
        let bytes = written(false, &records);
        assert_eq!(read(&bytes).1, []);
        let begun_end = written(false, &records[..1]).len();
        for end in begun_end..bytes.len() - 1 {
            let faults = read(&bytes[..end]).1;
            assert!(matches!(faults.as_slice(), [(_, LineFault::Cut)]), "cut at {end}: {faults:?}");
        }
    }

    #[test]
    fn a_cut_compressed_file_gives_what_it_holds_and_says_that_it_is_cut() {
        let records = frames(20_000);
        let bytes = written(true, &records);
        let (read, faults) = read(&bytes[..bytes.len() * 2 / 3]);
        assert!(!read.is_empty() && read.len() < records.len());
        assert_eq!(read, records[..read.len()]);
        assert!(
            matches!(faults.as_slice(), [(line, LineFault::StreamCut(_))] if *line == read.len() as u64 + 2)
        );
    }

    #[test]
    fn a_flushed_history_is_readable_before_it_is_finished() {
        let mut bytes = Vec::new();
        let mut writer = HistoryWriter::zstd(&mut bytes, &Header::new("s", "t", "p")).unwrap();
        for record in frames(3) {
            writer.write(&record).unwrap();
        }
        writer.flush().unwrap();
        drop(writer);
        let (records, faults) = read(&bytes);
        assert_eq!(records.len(), 3);
        assert!(matches!(faults.as_slice(), [(5, LineFault::StreamCut(_))]));
    }

    #[test]
    fn what_is_no_history_is_refused_clearly() {
        let refused = |text: &str| HistoryReader::open(text.as_bytes()).unwrap_err();
        assert!(matches!(refused(""), OpenError::Empty));
        assert!(matches!(refused("hello\n"), OpenError::Unknown(_)));
        assert!(matches!(refused("{\"a\":1}\n"), OpenError::Unknown(_)));
        assert!(matches!(refused("{\"history\":2}\n"), OpenError::Version { format: "history", .. }));
        assert!(matches!(refused("{\"history\":\"one\"}\n"), OpenError::Version { .. }));
        assert!(matches!(refused("{\"dir\":\"in\",\"raw\":\"\",\"t_ns\":1}\n"), OpenError::Format { .. }));
    }
}
