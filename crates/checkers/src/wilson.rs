//! Wilson's interval of a share that was seen in a few: between what and what it lies, with so much certainty.

/// The interval of a `share` seen in `n`, within `z` standard errors (1.96: 95 % of the time). Of nothing nothing is known: 0 to 1.
#[must_use]
pub fn wilson(share: f64, n: f64, z: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let z2 = z * z;
    let spread = z * (share * (1.0 - share) / n + z2 / (4.0 * n * n)).sqrt();
    let middle = share + z2 / (2.0 * n);
    let scale = 1.0 + z2 / n;
    (((middle - spread) / scale).max(0.0), ((middle + spread) / scale).min(1.0))
}

#[cfg(test)]
mod tests {
    use super::wilson;

    #[test]
    fn the_interval_is_that_of_the_tables() {
        let near = |found: (f64, f64), low: f64, high: f64| {
            assert!((found.0 - low).abs() < 5e-4 && (found.1 - high).abs() < 5e-4, "{found:?}");
        };
        near(wilson(0.5, 10.0, 1.96), 0.2366, 0.7634);
        near(wilson(1.0, 20.0, 1.96), 0.8389, 1.0);
        near(wilson(0.0, 34.0, 1.96), 0.0, 0.1015);
        assert_eq!(wilson(1.0, 0.0, 1.96), (0.0, 1.0));
    }
}
