//! What comes over a WebSocket, put together from frames: messages whole, control frames by themselves.

use super::frame::{BINARY, CLOSE, CONTINUATION, Frame, FrameReader, MAX_BYTES, TEXT, too_large};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::io;
use std::time::Duration;
use tokio::io::AsyncRead;
use tokio::time::Instant;

/// How long a message may take from its first frame to its last.
const MESSAGE: Duration = Duration::from_secs(60);

/// Of how many frames a message may consist; empty ones cost nothing, and never end by themselves.
const MAX_FRAMES: usize = 1 << 16;

/// One thing that came.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// A message, as a history shows it, with its frames.
    Message { raw: String, opcode: Option<&'static str>, frames: Vec<Bytes> },
    /// A Close; code 1005 when it had none.
    Close { code: u16, reason: String, frame: Bytes },
    /// What no fault has a say in: pings, pongs, and what breaks WebSocket's rules.
    Other(Vec<Bytes>),
}

impl Heard {
    /// How many bytes it holds.
    pub(super) fn size(&self) -> usize {
        match self {
            Self::Message { frames, .. } | Self::Other(frames) => frames.iter().map(Bytes::len).sum(),
            Self::Close { frame, .. } => frame.len(),
        }
    }
}

/// A message under way.
#[derive(Debug)]
struct Fragments {
    opcode: u8,
    payload: Vec<u8>,
    frames: Vec<Bytes>,
    deadline: Instant,
}

/// Puts frames together.
#[derive(Debug)]
pub(super) struct Hearing<R> {
    frames: FrameReader<R>,
    open: Option<Fragments>,
}

impl<R: AsyncRead + Unpin> Hearing<R> {
    pub(super) fn new(from: R) -> Self {
        Self { frames: FrameReader::new(from), open: None }
    }

    /// The next thing that came; `None` at the end.
    ///
    /// # Errors
    /// The socket is broken, a message is too large, or took too long.
    pub(super) async fn next(&mut self) -> io::Result<Option<Heard>> {
        loop {
            let frame = match &self.open {
                None => self.frames.next().await?,
                Some(open) => {
                    tokio::time::timeout_at(open.deadline, self.frames.next()).await.map_err(|_| {
                        io::Error::new(
                            io::ErrorKind::TimedOut,
                            "a message took too long from first to last frame",
                        )
                    })??
                }
            };
            let Some(frame) = frame else { return Ok(None) };
            if let Some(heard) = self.take(frame)? {
                return Ok(Some(heard));
            }
        }
    }

    fn take(&mut self, frame: Frame) -> io::Result<Option<Heard>> {
        if frame.is_control() {
            return Ok(Some(control(frame)));
        }
        let begins = matches!(frame.opcode, TEXT | BINARY) && frame.reserved == 0;
        match (&mut self.open, begins) {
            (None, true) => {
                self.open = Some(Fragments {
                    opcode: frame.opcode,
                    payload: Vec::new(),
                    frames: Vec::new(),
                    deadline: Instant::now() + MESSAGE,
                });
            }
            (Some(_), _) if frame.opcode == CONTINUATION && frame.reserved == 0 => {}
            _ => {
                // Against the rules, or of an extension that nobody offered: the peer shall judge it as it came.
                let mut frames = self.open.take().map_or(Vec::new(), |open| open.frames);
                frames.push(frame.wire);
                return Ok(Some(Heard::Other(frames)));
            }
        }
        let Some(open) = &mut self.open else { return Ok(None) };
        open.payload.extend(frame.payload());
        open.frames.push(frame.wire);
        if open.payload.len() > MAX_BYTES || open.frames.len() > MAX_FRAMES {
            return Err(too_large());
        }
        Ok(if frame.last { self.open.take().map(message) } else { None })
    }
}

fn control(frame: Frame) -> Heard {
    if frame.opcode != CLOSE {
        return Heard::Other(vec![frame.wire]);
    }
    let payload = frame.payload();
    let (code, reason) = match payload.split_first_chunk() {
        Some((code, reason)) => (u16::from_be_bytes(*code), String::from_utf8_lossy(reason).into_owned()),
        None => (1005, String::new()),
    };
    Heard::Close { code, reason, frame: frame.wire }
}

fn message(Fragments { opcode, payload, frames, .. }: Fragments) -> Heard {
    if opcode == BINARY {
        return Heard::Message { raw: STANDARD.encode(payload), opcode: Some("binary"), frames };
    }
    match String::from_utf8(payload) {
        Ok(raw) => Heard::Message { raw, opcode: None, frames },
        Err(why) => {
            Heard::Message { raw: STANDARD.encode(why.as_bytes()), opcode: Some("invalid_utf8"), frames }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Heard, Hearing};

    async fn heard(wire: &[u8]) -> Vec<Heard> {
        let mut hearing = Hearing::new(wire);
        let mut heard = Vec::new();
        while let Some(next) = hearing.next().await.unwrap() {
            heard.push(next);
        }
        heard
    }

    #[tokio::test]
    async fn fragments_become_a_message_and_a_ping_between_them_goes_ahead() {
        let heard = heard(&[0x01, 1, b'a', 0x89, 0, 0x80, 1, b'b', 0x81, 1, 0xff]).await;
        assert_eq!(heard[0], Heard::Other(vec![vec![0x89, 0].into()]));
        let frames = vec![vec![0x01, 1, b'a'].into(), vec![0x80, 1, b'b'].into()];
        assert_eq!(heard[1], Heard::Message { raw: "ab".into(), opcode: None, frames });
        assert!(
            matches!(&heard[2], Heard::Message { opcode: Some("invalid_utf8"), raw, .. } if raw == "/w==")
        );
    }

    #[tokio::test]
    async fn what_breaks_the_rules_is_left_to_the_peer() {
        // A continuation of nothing, and reserved bits.
        let heard = heard(&[0x80, 1, b'a', 0xc1, 1, b'b']).await;
        assert!(heard.iter().all(|heard| matches!(heard, Heard::Other(frames) if frames.len() == 1)));
        assert_eq!(heard.len(), 2);
    }
}
