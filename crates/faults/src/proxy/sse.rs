//! Server-sent events: a body cut into its events, and events written.

use super::frame::{MAX_BYTES, too_large};
use super::heard::Heard;
use bytes::{Bytes, BytesMut};
use std::io;

/// One event: what was heard, and its lines that are no data.
pub(super) type Event = (Heard, Option<String>);

/// Cuts a body into events, each ended by a blank line.
#[derive(Debug, Default)]
pub(super) struct Events {
    buffer: BytesMut,
}

impl Events {
    /// Takes in the next bytes of the body.
    ///
    /// # Errors
    /// An event is larger than [`MAX_BYTES`].
    pub(super) fn push(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() > MAX_BYTES { Err(too_large()) } else { Ok(()) }
    }

    /// The next whole event.
    pub(super) fn next(&mut self) -> Option<Event> {
        let end = end_of_event(&self.buffer)?;
        Some(read(self.buffer.split_to(end).freeze()))
    }

    /// What came behind the last whole event.
    pub(super) fn rest(&mut self) -> Option<Heard> {
        let rest = self.buffer.split().freeze();
        (!rest.is_empty()).then(|| Heard::Other(vec![rest]))
    }
}

fn end_of_event(bytes: &[u8]) -> Option<usize> {
    let blank = |line: &[u8]| line.iter().all(|byte| matches!(byte, b'\n' | b'\r'));
    let mut at = 0;
    while let Some(end) = bytes[at..].iter().position(|byte| *byte == b'\n') {
        let line = &bytes[at..=at + end];
        at += end + 1;
        if blank(line) {
            return Some(at);
        }
    }
    None
}

fn read(bytes: Bytes) -> Event {
    let Ok(text) = std::str::from_utf8(&bytes) else { return (Heard::Other(vec![bytes]), None) };
    let (mut data, mut shell) = (Vec::new(), String::new());
    for line in text.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("data:") {
            Some(value) => data.push(value.strip_prefix(' ').unwrap_or(value)),
            None => shell.extend([line, "\n"]),
        }
    }
    if data.is_empty() {
        return (Heard::Other(vec![bytes]), None);
    }
    let raw = data.join("\n");
    (Heard::Message { raw, opcode: None, frames: vec![bytes] }, Some(shell))
}

/// An event with this data; `shell` holds its other lines.
pub(super) fn event(shell: &str, data: &[u8]) -> Bytes {
    let mut event = shell.as_bytes().to_vec();
    for line in data.split(|byte| *byte == b'\n') {
        event.extend(b"data: ");
        event.extend(line);
        event.push(b'\n');
    }
    event.push(b'\n');
    event.into()
}

#[cfg(test)]
mod tests {
    use super::{Events, event};
    use crate::proxy::heard::Heard;

    #[test]
    fn a_body_is_cut_where_events_end() {
        let mut events = Events::default();
        for byte in b": hello\n\nevent: run\r\ndata: {\"a\":1}\r\ndata:2\r\n\r\ndata: cut" {
            events.push(&[*byte]).unwrap();
        }
        assert_eq!(events.next().unwrap().0, Heard::Other(vec![": hello\n\n".into()]));
        let (heard, shell) = events.next().unwrap();
        assert!(matches!(&heard, Heard::Message { raw, .. } if raw == "{\"a\":1}\n2"), "{heard:?}");
        assert_eq!(shell.as_deref(), Some("event: run\n"));
        assert_eq!(event(&shell.unwrap(), b"3\n4"), "event: run\ndata: 3\ndata: 4\n\n");
        assert!(events.next().is_none());
        assert_eq!(events.rest(), Some(Heard::Other(vec!["data: cut".into()])));
    }
}
