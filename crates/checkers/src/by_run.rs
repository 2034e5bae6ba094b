//! Something for nearly every run of a history, for good: in a row each, as runs are numbered in the order of first sight.
//!
//! A hash table of as many would take twice the memory.

use crate::observation::RunIx;

/// A value for each of many runs.
#[derive(Debug)]
pub(crate) struct ByRun<T> {
    rows: Vec<Option<T>>,
    count: usize,
}

impl<T> Default for ByRun<T> {
    fn default() -> Self {
        Self { rows: Vec::new(), count: 0 }
    }
}

impl<T> ByRun<T> {
    /// The value of a run.
    pub(crate) fn get(&self, run: RunIx) -> Option<&T> {
        self.rows.get(run.0 as usize)?.as_ref()
    }

    /// The value of a run, to be changed.
    pub(crate) fn get_mut(&mut self, run: RunIx) -> Option<&mut T> {
        self.rows.get_mut(run.0 as usize)?.as_mut()
    }

    /// The value of a run, made first if it has none.
    pub(crate) fn get_or_insert_with(&mut self, run: RunIx, make: impl FnOnce() -> T) -> &mut T {
        let at = run.0 as usize;
        if at >= self.rows.len() {
            self.rows.resize_with(at + 1, || None);
        }
        let row = &mut self.rows[at];
        self.count += usize::from(row.is_none());
        row.get_or_insert_with(make)
    }

    /// How many runs have a value.
    pub(crate) fn len(&self) -> usize {
        self.count
    }
}

#[cfg(test)]
mod tests {
    use super::ByRun;
    use crate::observation::RunIx;

    #[test]
    fn each_run_has_its_own_value() {
        let mut words = ByRun::default();
        for (run, word) in [(3, "late"), (0, "early"), (3, "again")] {
            words.get_or_insert_with(RunIx(run), || word);
        }
        assert_eq!(words.len(), 2);
        assert_eq!(
            [0, 1, 3, 9].map(|run| words.get(RunIx(run)).copied()),
            [Some("early"), None, Some("late"), None]
        );
        *words.get_mut(RunIx(0)).unwrap() = "changed";
        assert_eq!(words.get(RunIx(0)), Some(&"changed"));
        assert_eq!(words.get_mut(RunIx(1)), None);
    }
}
