//! WebSocket frames as they are on the wire, read and kept byte for byte.

use bytes::{Buf as _, Bytes, BytesMut};
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// The largest frame or message taken; far above any event, far below what would hurt.
pub(super) const MAX_BYTES: usize = 16 << 20;

/// How much is read at once.
const READ: usize = 8 << 10;

pub(super) const CONTINUATION: u8 = 0;
pub(super) const TEXT: u8 = 1;
pub(super) const BINARY: u8 = 2;
pub(super) const CLOSE: u8 = 8;

/// A frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Frame {
    /// All of it, as it came.
    pub(super) wire: Bytes,
    pub(super) last: bool,
    pub(super) reserved: u8,
    pub(super) opcode: u8,
    mask: Option<[u8; 4]>,
    head: usize,
}

impl Frame {
    /// Whether it is a ping, a pong, a Close or another frame that may stand between fragments.
    pub(super) fn is_control(&self) -> bool {
        self.opcode >= 8
    }

    /// What it carries, unmasked.
    pub(super) fn payload(&self) -> Vec<u8> {
        let mut payload = self.wire[self.head..].to_vec();
        if let Some(mask) = self.mask {
            apply(mask, &mut payload);
        }
        payload
    }
}

fn apply(mask: [u8; 4], payload: &mut [u8]) {
    payload.iter_mut().zip(mask.iter().cycle()).for_each(|(byte, mask)| *byte ^= mask);
}

/// A whole message in one frame; from a client it is masked.
pub(super) fn whole(opcode: u8, payload: &[u8], mask: Option<[u8; 4]>) -> Bytes {
    let mut wire = Vec::with_capacity(payload.len() + 14);
    wire.push(0x80 | opcode);
    let masked = if mask.is_some() { 0x80 } else { 0 };
    let size = payload.len();
    match (u8::try_from(size), u16::try_from(size)) {
        (Ok(short @ 0..126), _) => wire.push(masked | short),
        (_, Ok(middle)) => {
            wire.push(masked | 126);
            wire.extend(middle.to_be_bytes());
        }
        _ => {
            wire.push(masked | 127);
            wire.extend((size as u64).to_be_bytes());
        }
    }
    wire.extend(mask.unwrap_or_default().iter().filter(|_| mask.is_some()));
    let head = wire.len();
    wire.extend(payload);
    if let Some(mask) = mask {
        apply(mask, &mut wire[head..]);
    }
    wire.into()
}

/// A Close; code 1005 stands for none.
pub(super) fn close(code: u16, reason: &str, mask: Option<[u8; 4]>) -> Bytes {
    let mut payload = Vec::new();
    if code != 1005 {
        payload.extend(code.to_be_bytes());
        // A control frame carries 125 bytes at most.
        payload.extend(&reason.as_bytes()[..reason.floor_char_boundary(123)]);
    }
    whole(CLOSE, &payload, mask)
}

/// Cuts a stream of bytes into frames.
#[derive(Debug)]
pub(super) struct FrameReader<R> {
    from: R,
    buffer: BytesMut,
}

impl<R: AsyncRead + Unpin> FrameReader<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, buffer: BytesMut::with_capacity(READ) }
    }

    /// The next frame; `None` at the end. What came of a frame before the stream ended is in [`FrameReader::rest`].
    ///
    /// # Errors
    /// The socket is broken, or the frame is larger than [`MAX_BYTES`].
    pub(super) async fn next(&mut self) -> io::Result<Option<Frame>> {
        loop {
            if let Some(frame) = parse(&mut self.buffer)? {
                return Ok(Some(frame));
            }
            self.buffer.reserve(READ);
            match self.from.read_buf(&mut self.buffer).await {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                // A backend that ends TLS without a farewell has ended all the same.
                Err(why) if why.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
                Err(why) => return Err(why),
            }
        }
    }

    /// What is left behind the last whole frame.
    pub(super) fn rest(&mut self) -> Bytes {
        self.buffer.split().freeze()
    }
}

fn parse(buffer: &mut BytesMut) -> io::Result<Option<Frame>> {
    let [first, second, ..] = **buffer else { return Ok(None) };
    let (masked, short) = (second & 0x80 != 0, usize::from(second & 0x7f));
    let wide = [0, 2, 8][usize::from(short >= 126) + usize::from(short == 127)];
    let head = 2 + wide + if masked { 4 } else { 0 };
    if buffer.len() < head {
        return Ok(None);
    }
    let size = match wide {
        0 => short as u64,
        _ => (&buffer[2..2 + wide]).get_uint(wide),
    };
    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_BYTES).ok_or_else(too_large)?;
    if buffer.len() < head + size {
        buffer.reserve(head + size - buffer.len());
        return Ok(None);
    }
    let mask = masked.then(|| [buffer[head - 4], buffer[head - 3], buffer[head - 2], buffer[head - 1]]);
    let wire = buffer.split_to(head + size).freeze();
    let (last, reserved, opcode) = (first & 0x80 != 0, first & 0x70, first & 0x0f);
    Ok(Some(Frame { wire, last, reserved, opcode, mask, head }))
}

pub(super) fn too_large() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("a message of more than {MAX_BYTES} bytes"))
}

#[cfg(test)]
mod tests {
    use super::{BINARY, FrameReader, TEXT, close, whole};

    #[tokio::test]
    async fn frames_are_read_as_they_were_written() {
        for size in [0, 1, 125, 126, 65_535, 65_536, 100_000] {
            for mask in [None, Some([1, 2, 3, 250])] {
                let payload: Vec<u8> = (0..size).map(|at: u32| at.to_le_bytes()[0]).collect();
                let wire = whole(BINARY, &payload, mask);
                let mut reader = FrameReader::new(&wire[..]);
                let frame = reader.next().await.unwrap().unwrap();
                assert_eq!((frame.payload(), &frame.wire, frame.mask), (payload, &wire, mask));
                assert_eq!(reader.next().await.unwrap(), None);
            }
        }
    }

    #[tokio::test]
    async fn a_length_written_too_wide_and_reserved_bits_are_kept() {
        let wire = [0x71, 126, 0, 2, b'h', b'i', 0x8b, 0];
        let mut reader = FrameReader::new(&wire[..]);
        let frame = reader.next().await.unwrap().unwrap();
        assert_eq!((frame.last, frame.reserved, frame.opcode), (false, 0x70, TEXT));
        assert_eq!((&frame.wire[..], frame.payload()), (&wire[..6], b"hi".to_vec()));
        let frame = reader.next().await.unwrap().unwrap();
        assert!(frame.is_control() && frame.last);
    }

    #[tokio::test]
    async fn a_frame_without_bound_is_refused() {
        let mut wire = vec![0x82, 127];
        wire.extend(u64::MAX.to_be_bytes());
        assert!(FrameReader::new(&wire[..]).next().await.is_err());
    }

    #[test]
    fn the_reason_of_a_close_is_cut_where_a_letter_ends() {
        assert_eq!(close(1000, &"ü".repeat(80), None).len(), 2 + 2 + 122);
        assert_eq!(close(1005, "", None).len(), 2);
    }
}
