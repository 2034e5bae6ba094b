//! Server-sent events: the data of a frame.

/// The payload of each event in a raw frame; comments and events without data have none.
pub(super) fn payloads(raw: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut data: Option<String> = None;
    for line in raw.lines() {
        if line.is_empty() {
            found.extend(data.take());
            continue;
        }
        let Some(value) = line.strip_prefix("data") else { continue };
        let value = match value.strip_prefix(':') {
            Some(value) => value.strip_prefix(' ').unwrap_or(value),
            None if value.is_empty() => "",
            None => continue,
        };
        match &mut data {
            Some(data) => {
                data.push('\n');
                data.push_str(value);
            }
            None => data = Some(value.to_owned()),
        }
    }
    found.extend(data);
    found
}

#[cfg(test)]
mod tests {
    use super::payloads;

    #[test]
    fn the_data_of_a_frame_is_its_payload() {
        assert_eq!(payloads("data: {\"a\":1}\n\n"), ["{\"a\":1}"]);
        assert_eq!(payloads("event: x\r\nid: 4\r\ndata:{\"a\":\r\ndata: 1}\r\n\r\n"), ["{\"a\":\n1}"]);
        assert_eq!(payloads("data: 1\n\ndata: 2\n\n"), ["1", "2"]);
        assert_eq!(payloads(": ping\n\nevent: end\n\n"), Vec::<String>::new());
    }
}
