//! Leaving out as much of a list as can be left out: in halves, quarters, at last one by one (delta debugging).

/// What is left of `units` when none of them can be left out alone, by what `fails` says of a candidate; and whether that was
/// reached. `fails` gives up with `None`.
pub(super) fn cut<T: Clone>(
    mut units: Vec<T>,
    fails: &mut dyn FnMut(&[T]) -> Option<bool>,
) -> (Vec<T>, bool) {
    if units.is_empty() {
        return (units, true);
    }
    match fails(&[]) {
        Some(true) => return (Vec::new(), true),
        Some(false) => {}
        None => return (units, false),
    }
    let mut size = units.len().div_ceil(2);
    loop {
        let before = units.len();
        let mut from = 0;
        while from < units.len() {
            let to = (from + size).min(units.len());
            let rest = [&units[..from], &units[to..]].concat();
            match fails(&rest) {
                Some(true) => units = rest,
                Some(false) => from = to,
                None => return (units, false),
            }
        }
        match (size, before > units.len()) {
            (1, false) => return (units, true),
            // One that could not be left out before may be free now.
            (1, true) => {}
            _ => size = size.div_ceil(2),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::cut;

    fn left(units: u32, fails: impl Fn(&[u32]) -> bool) -> Vec<u32> {
        let (left, done) = cut((0..units).collect(), &mut |units| Some(fails(units)));
        assert!(done);
        left
    }

    #[test]
    fn what_is_needed_stays_and_nothing_else() {
        assert_eq!(left(100, |units| units.contains(&7) && units.contains(&93)), [7, 93]);
        assert_eq!(left(3, |_| true), [] as [u32; 0]);
        assert_eq!(left(1, |units| !units.is_empty()), [0]);
        assert_eq!(left(5, |units| units.len() == 5), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn one_that_is_free_only_after_another_goes_too() {
        // Each may go only when the one before it is gone.
        let fails = |units: &[u32]| units.contains(&9) && units.windows(2).all(|two| two[1] == two[0] + 1);
        assert_eq!(left(10, fails), [9]);
    }

    #[test]
    fn a_reached_bound_gives_what_was_found_so_far() {
        let mut judgments = 5;
        let (left, done) = cut((0..64).collect(), &mut |units: &[u32]| {
            judgments -= 1;
            (judgments > 0).then(|| units.contains(&0))
        });
        assert!(!done && left.contains(&0) && left.len() < 64, "{left:?}");
    }
}
