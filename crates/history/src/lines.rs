//! Lines of a file, plain or zstd, one reused buffer, with a bound on how long one may be.

use crate::{LineError, LineFault};
use std::io::{self, BufRead, BufReader, Read};

/// Longer lines are skipped and named: no frame of any backend comes near it.
pub(crate) const LINE_BYTES: usize = 32 << 20;

/// The first bytes of every zstd frame.
const ZSTD_MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

/// Where the lines come from, decompressed on the way when the first bytes say zstd.
enum Source<R: BufRead> {
    Plain(Replayed<R>),
    Zstd(Box<BufReader<zstd::Decoder<'static, Replayed<R>>>>),
}

/// The bytes that were read to find out the format, then the rest.
type Replayed<R> = io::Chain<io::Cursor<Vec<u8>>, R>;

impl<R: BufRead> Source<R> {
    fn open(mut input: R) -> io::Result<Self> {
        let mut start = Vec::with_capacity(ZSTD_MAGIC.len());
        input.by_ref().take(ZSTD_MAGIC.len() as u64).read_to_end(&mut start)?;
        let compressed = start == ZSTD_MAGIC;
        let whole = io::Cursor::new(start).chain(input);
        if compressed {
            let decoder = zstd::Decoder::with_buffer(whole)?;
            Ok(Self::Zstd(Box::new(BufReader::with_capacity(128 << 10, decoder))))
        } else {
            Ok(Self::Plain(whole))
        }
    }

    fn input(&mut self) -> &mut dyn BufRead {
        match self {
            Self::Plain(input) => input,
            Self::Zstd(input) => input.as_mut(),
        }
    }
}

/// How a read of one line ended.
enum Read1 {
    /// A line, in the buffer, with its line feed.
    Whole,
    /// The last line, without its line feed.
    Unended,
    /// Longer than the bound; skipped.
    TooLong,
    /// Nothing left.
    End,
}

/// The lines of one input, numbered from 1.
pub(crate) struct Lines<R: BufRead> {
    source: Source<R>,
    buffer: Vec<u8>,
    number: u64,
    unended: bool,
    over: bool,
}

impl<R: BufRead> std::fmt::Debug for Lines<R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Lines")
            .field("number", &self.number)
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

impl<R: BufRead> Lines<R> {
    pub(crate) fn open(input: R) -> io::Result<Self> {
        Ok(Self { source: Source::open(input)?, buffer: Vec::new(), number: 0, unended: false, over: false })
    }

    /// Moves to the next line that is not blank and gives its number; [`Lines::text`] then holds it.
    pub(crate) fn advance(&mut self) -> Option<Result<u64, LineError>> {
        while !self.over {
            self.number += 1;
            match self.read_one() {
                Err(why) => {
                    // What a cut stream held of this line is not a line.
                    self.over = true;
                    return Some(Err(self.fault(LineFault::StreamCut(why.to_string()))));
                }
                Ok(Read1::End) => self.over = true,
                Ok(Read1::TooLong) => return Some(Err(self.fault(LineFault::TooLong))),
                Ok(Read1::Whole) => self.unended = false,
                Ok(Read1::Unended) => {
                    self.unended = true;
                    self.over = true;
                }
            }
            if !self.buffer.trim_ascii().is_empty() {
                return Some(Ok(self.number));
            }
        }
        None
    }

    /// The current line, when it is UTF-8.
    pub(crate) fn text(&self) -> Option<&str> {
        std::str::from_utf8(&self.buffer).ok().map(|line| line.trim_end_matches(['\n', '\r']))
    }

    /// Whether the current line is the last one and has no line feed: it may have been cut.
    pub(crate) fn unended(&self) -> bool {
        self.unended
    }

    /// An error about the current line.
    pub(crate) fn fault(&self, fault: LineFault) -> LineError {
        LineError { line: self.number, fault }
    }

    fn read_one(&mut self) -> io::Result<Read1> {
        self.buffer.clear();
        let input = self.source.input();
        let mut length = 0usize;
        loop {
            let available = match input.fill_buf() {
                Ok(available) => available,
                Err(why) if why.kind() == io::ErrorKind::Interrupted => continue,
                Err(why) => {
                    self.buffer.clear();
                    return Err(why);
                }
            };
            if available.is_empty() {
                return Ok(match length {
                    0 => Read1::End,
                    n if n > LINE_BYTES => {
                        self.buffer.clear();
                        Read1::TooLong
                    }
                    _ => Read1::Unended,
                });
            }
            let end = memchr::memchr(b'\n', available).map(|at| at + 1);
            let taken = end.unwrap_or(available.len());
            length += taken;
            if length <= LINE_BYTES {
                self.buffer.extend_from_slice(&available[..taken]);
            }
            input.consume(taken);
            if end.is_some() {
                if length > LINE_BYTES {
                    self.buffer.clear();
                    return Ok(Read1::TooLong);
                }
                return Ok(Read1::Whole);
            }
        }
    }
}
