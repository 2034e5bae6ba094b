//! Where the strings of a JSON text begin and end: found sixty-four bytes at a time, not byte by byte.

const BLOCK: usize = 64;

/// The places of a text's quotes, those inside a string left out.
pub(super) struct Quotes<'a> {
    text: &'a [u8],
    /// Where the block begins.
    base: usize,
    /// The quotes of the block that are still to come, a bit each.
    left: u64,
    /// The block's first byte is the second half of an escape.
    escaped: bool,
    any_escape: bool,
}

impl<'a> Quotes<'a> {
    /// `None` when the first block holds what is not followed here.
    pub(super) fn of(text: &'a [u8]) -> Option<Self> {
        let mut quotes = Self { text, base: 0, left: 0, escaped: false, any_escape: false };
        quotes.load()?;
        Some(quotes)
    }

    /// The next quote; `None` after the last, or when something comes that is not followed here: a control character, an
    /// escape by number, one that is none.
    pub(super) fn next(&mut self) -> Option<usize> {
        while self.left == 0 {
            self.base += BLOCK;
            if self.base >= self.text.len() {
                return None;
            }
            self.load()?;
        }
        let at = self.base + self.left.trailing_zeros() as usize;
        self.left &= self.left - 1;
        Some(at)
    }

    /// Leaves out the quotes before `place`.
    pub(super) fn skip_to(&mut self, place: usize) -> Option<()> {
        while place >= self.base + BLOCK && self.base + BLOCK < self.text.len() {
            self.base += BLOCK;
            self.load()?;
        }
        let into = place.saturating_sub(self.base);
        self.left &= u32::try_from(into).ok().and_then(|into| u64::MAX.checked_shl(into)).unwrap_or(0);
        Some(())
    }

    /// Whether a backslash came so far.
    pub(super) fn any_escape(&self) -> bool {
        self.any_escape
    }

    fn load(&mut self) -> Option<()> {
        let rest = self.text.get(self.base..)?;
        let (quotes, odd) = match rest.first_chunk() {
            Some(block) => bits(block),
            None => {
                let mut block = [b' '; BLOCK];
                block[..rest.len()].copy_from_slice(rest);
                bits(&block)
            }
        };
        self.left = quotes;
        if odd != 0 || self.escaped { self.escapes(odd) } else { Some(()) }
    }

    /// Takes the quotes out that a backslash stands before.
    fn escapes(&mut self, mut odd: u64) -> Option<()> {
        self.any_escape = true;
        if std::mem::take(&mut self.escaped) {
            self.left &= !1;
            odd &= !1;
        }
        while odd != 0 {
            let at = odd.trailing_zeros() as usize;
            let pair = self.text.get(self.base + at..self.base + at + 2)?;
            if pair[0] != b'\\' || !matches!(pair[1], b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't')
            {
                return None;
            }
            self.escaped = at == BLOCK - 1;
            let both = 0b11 << at;
            odd &= !both;
            self.left &= !both;
        }
        Some(())
    }
}

/// A bit for each quote of a block, and one for each byte that needs a closer look: a backslash or a control character.
#[inline(always)]
fn bits(block: &[u8; BLOCK]) -> (u64, u64) {
    let mut any = false;
    for byte in block {
        any |= is_odd(*byte);
    }
    (bit_for_each(block, |byte| byte == b'"'), if any { bit_for_each(block, is_odd) } else { 0 })
}

#[inline(always)]
fn is_odd(byte: u8) -> bool {
    (byte == b'\\') | (byte < 0x20)
}

/// First all bytes, then all bits: so the compiler makes vectors of the first.
#[inline(always)]
fn bit_for_each(block: &[u8; BLOCK], is: impl Fn(u8) -> bool) -> u64 {
    let found = block.map(|byte| u8::from(is(byte)));
    let mut bits = 0;
    for (index, eight) in found.as_chunks().0.iter().enumerate() {
        // Eight bytes of 0 or 1 become the eight bits of the product's highest byte.
        let eight = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
        bits |= eight << (8 * index);
    }
    bits
}
