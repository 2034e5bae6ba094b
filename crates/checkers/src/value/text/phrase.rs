//! A text in which phrases are searched for, and a piece of one to be shown.

/// Lower case, one blank for each run of white space, straight apostrophes: what phrases are searched in.
pub(crate) fn plain(text: &str) -> String {
    if text.is_ascii() {
        return ascii_plain(text.as_bytes());
    }
    let mut plain = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\u{2019}' | '\u{2018}' | '`' => plain.push('\''),
            c if c.is_whitespace() => {
                if !plain.ends_with(' ') {
                    plain.push(' ');
                }
            }
            c => push_lower(&mut plain, c),
        }
    }
    plain
}

/// The same for a text of which every byte is a character.
fn ascii_plain(text: &[u8]) -> String {
    let mut plain = vec![0; text.len()];
    let (mut length, mut blank) = (0, false);
    for byte in text {
        let plainly = match byte {
            b'`' => b'\'',
            b'\t'..=b'\r' | b' ' => b' ',
            byte => byte.to_ascii_lowercase(),
        };
        // A blank after a blank is overwritten.
        length -= usize::from(blank && plainly == b' ');
        blank = plainly == b' ';
        plain[length] = plainly;
        length += 1;
    }
    plain.truncate(length);
    String::from_utf8(plain).unwrap_or_default()
}

pub(super) fn push_lower(lower: &mut String, c: char) {
    if c.is_ascii() { lower.push(c.to_ascii_lowercase()) } else { lower.extend(c.to_lowercase()) }
}

/// A piece of a text for a finding: one line, at most 120 characters.
pub(crate) fn excerpt(text: &str) -> String {
    let mut line = String::with_capacity(text.len().min(128));
    let mut length = 0;
    for word in text.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
            length += 1;
        }
        for c in word.chars() {
            line.push(c);
            length += 1;
            if length > 120 {
                let cut = line.char_indices().nth(119).map_or(line.len(), |(at, _)| at);
                line.truncate(cut);
                line.push('…');
                return line;
            }
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::plain;

    #[test]
    fn phrases_are_found_however_they_are_set() {
        assert_eq!(plain("I’m\n  HERE"), "i'm here");
    }
}
