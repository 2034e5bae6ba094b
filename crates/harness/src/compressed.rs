//! A compressed file that grows by whole zstd frames: what was flushed can be read, whatever happens next.
//!
//! The compressor sees a megabyte at once and in one piece. As a stream it would copy each byte into a ring first and
//! search for matches on both sides of its seam, which costs more than the frames cost in size.

use std::fs::File;
use std::io::{self, Write};
use zstd::bulk::Compressor;

/// The fastest level: records are written beside the measurement, on its processor.
const LEVEL: i32 = 1;

/// The most that one frame holds.
const FRAME: usize = 1 << 20;

/// Writes a file compressed.
pub(crate) struct Compressed {
    file: File,
    compressor: Compressor<'static>,
    plain: Vec<u8>,
    packed: Vec<u8>,
}

impl Compressed {
    pub(crate) fn into(file: File) -> io::Result<Self> {
        Ok(Self { file, compressor: Compressor::new(LEVEL)?, plain: Vec::new(), packed: Vec::new() })
    }

    /// The file, once all was flushed.
    pub(crate) fn into_file(self) -> File {
        self.file
    }

    fn pack(&mut self) -> io::Result<()> {
        if self.plain.is_empty() {
            return Ok(());
        }
        self.packed.clear();
        self.packed.reserve(zstd::zstd_safe::compress_bound(self.plain.len()));
        self.compressor.compress_to_buffer(&self.plain, &mut self.packed)?;
        self.plain.clear();
        self.file.write_all(&self.packed)
    }
}

impl Write for Compressed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let taken = bytes.len().min(FRAME - self.plain.len().min(FRAME));
        self.plain.extend_from_slice(&bytes[..taken]);
        if self.plain.len() >= FRAME {
            self.pack()?;
        }
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.pack()?;
        self.file.flush()
    }
}
