//! How long this process waited for a processor, which a tick alone does not tell.
//!
//! A task that mostly sleeps is woken promptly on the busiest machine; one that has something to compute waits its turn.
//! Linux counts these waits for each thread. Elsewhere nothing is known, and the ticks have to do.

use std::collections::HashMap;
use std::time::Duration;

/// The waits of every living thread of this process, up to one instant, in nanoseconds by thread.
#[derive(Debug, Default)]
pub(crate) struct Waits(HashMap<u32, u64>);

impl Waits {
    /// Reads them; none where the system does not tell.
    pub(crate) fn so_far() -> Self {
        let Ok(threads) = std::fs::read_dir("/proc/self/task") else { return Self::default() };
        let waited = |thread: std::fs::DirEntry| {
            let id = thread.file_name().to_str()?.parse().ok()?;
            // A thread may have ended since it was listed.
            let stat = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            Some((id, waited(&stat)?))
        };
        Self(threads.flatten().filter_map(waited).collect())
    }

    /// What all threads together waited since `earlier`: no chain of their tasks was held up for longer.
    pub(crate) fn since(&self, earlier: &Self) -> Duration {
        let more = |(id, now): (&u32, &u64)| now.saturating_sub(earlier.0.get(id).copied().unwrap_or(0));
        Duration::from_nanos(self.0.iter().map(more).sum())
    }
}

/// The second number of `schedstat`: nanoseconds that a thread was ready to run and did not.
fn waited(stat: &str) -> Option<u64> {
    stat.split_whitespace().nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::{Waits, waited};
    use std::time::Duration;

    #[test]
    fn the_second_number_is_the_wait() {
        assert_eq!(waited("17 3828283 1\n"), Some(3_828_283));
        assert_eq!(waited("17"), None);
        assert_eq!(waited("a b c"), None);
    }

    #[test]
    fn waits_of_all_threads_are_added_up_and_new_threads_began_at_nothing() {
        let earlier = Waits([(1, 5_000), (2, 7_000)].into());
        let later = Waits([(1, 6_000), (3, 2_000)].into());
        assert_eq!(later.since(&earlier), Duration::from_nanos(3_000));
        assert_eq!(earlier.since(&later), Duration::from_nanos(7_000));
    }

    /// More threads than processors, all of them busy: somebody waits.
    #[test]
    #[cfg(target_os = "linux")]
    fn a_process_with_too_much_to_do_waited() {
        let earlier = Waits::so_far();
        let threads = 2 * std::thread::available_parallelism().unwrap().get() + 1;
        let begun = std::time::Instant::now();
        let waited = std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| while begun.elapsed() < Duration::from_millis(200) {});
            }
            while begun.elapsed() < Duration::from_millis(150) {}
            Waits::so_far().since(&earlier)
        });
        assert!(waited > Duration::from_millis(20), "{waited:?}");
    }
}
