//! Which numbers of a dense row never came.

/// Ranges kept; a row with more holes than this is broken beyond counting.
const RANGES_KEPT: usize = 256;

/// A row of numbers that should be dense, in whatever order they came.
#[derive(Debug, Clone, Default)]
pub(crate) struct Holes {
    next: u64,
    /// Where the highest came; 0 before the first.
    highest_line: u64,
    missing: Vec<Hole>,
    /// The number that it begins with, and where the first came; 0 before that.
    first: u64,
    first_line: u64,
    /// Lower numbers that came all the same.
    below: Vec<u64>,
}

/// Numbers that have not come, `from..to`, with the line that showed it, and the line of the number before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hole {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) line: u64,
    pub(crate) before: u64,
}

impl Hole {
    /// For findings.
    pub(crate) fn words(self) -> String {
        if self.to - self.from == 1 {
            format!("{}", self.from)
        } else {
            format!("{} to {}", self.from, self.to - 1)
        }
    }
}

impl Holes {
    /// A row that begins with `first`.
    pub(crate) fn from(first: u64) -> Self {
        Self { next: first, first, ..Self::default() }
    }

    /// It begins earlier than was known when its first number came.
    pub(crate) fn begin_at(&mut self, first: u64) {
        if first >= self.first {
            return;
        }
        self.missing.push(Hole { from: first, to: self.first, line: self.first_line, before: 0 });
        self.first = first;
        for number in std::mem::take(&mut self.below) {
            self.came(number, self.first_line);
        }
    }

    /// Where the highest came; 0 before the first.
    pub(crate) fn highest_line(&self) -> u64 {
        self.highest_line
    }

    /// A number came.
    pub(crate) fn came(&mut self, number: u64, line: u64) {
        if self.first_line == 0 {
            self.first_line = line;
        }
        if number < self.first {
            if self.below.len() < RANGES_KEPT {
                self.below.push(number);
            }
            return;
        }
        if number >= self.next {
            if number > self.next && self.missing.len() < RANGES_KEPT {
                self.missing.push(Hole { from: self.next, to: number, line, before: self.highest_line });
            }
            self.next = number.saturating_add(1);
            self.highest_line = line;
            return;
        }
        let Some(at) = self.missing.iter().position(|hole| (hole.from..hole.to).contains(&number)) else {
            return;
        };
        let hole = self.missing.swap_remove(at);
        for part in [Hole { to: number, ..hole }, Hole { from: number + 1, ..hole }] {
            if part.from < part.to {
                self.missing.push(part);
            }
        }
    }

    /// Whether a number came, counted from the first on.
    pub(crate) fn shown(&self, number: u64) -> bool {
        number < self.next && !self.missing.iter().any(|hole| (hole.from..hole.to).contains(&number))
    }

    /// The number after the highest that came.
    pub(crate) fn next(&self) -> u64 {
        self.next
    }

    /// What is missing below that.
    pub(crate) fn missing(&self) -> &[Hole] {
        &self.missing
    }

    /// How many are missing.
    pub(crate) fn count(&self) -> u64 {
        self.missing.iter().fold(0, |sum, hole| sum.saturating_add(hole.to - hole.from))
    }
}

#[cfg(test)]
mod tests {
    use super::Holes;

    fn missing(first: u64, came: &[u64]) -> Vec<(u64, u64)> {
        let mut holes = Holes::from(first);
        for number in came {
            holes.came(*number, 1);
        }
        let mut missing: Vec<_> = holes.missing().iter().map(|hole| (hole.from, hole.to)).collect();
        missing.sort_unstable();
        missing
    }

    #[test]
    fn holes_are_what_never_came_in_any_order() {
        assert_eq!(missing(1, &[1, 2, 3]), []);
        assert_eq!(missing(1, &[2, 1, 3, 3]), []);
        assert_eq!(missing(1, &[1, 5, 3]), [(2, 3), (4, 5)]);
        assert_eq!(missing(4, &[4, 2, 6]), [(5, 6)]);
        assert_eq!(missing(1, &[u64::MAX]), [(1, u64::MAX)]);
    }
}
