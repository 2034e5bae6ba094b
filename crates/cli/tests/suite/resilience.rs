//! Resilience as a whole run: the embedded backend is stopped and started again, and another one is not.

use crate::offline::assert_judged_alike;
use crate::support::{Backend, Place, failed, verdicts};
use crate::validation::validate;
use goldenpath_report::CheckVerdict;

#[test]
fn the_embedded_backend_is_resilient_down_to_its_end() {
    let place = Place::new();
    let ran = validate("resilience").users(2).seed(7).at_any_speed().run(&place).ended_with(0);
    let report = place.report();
    let verdicts = verdicts(&report);
    let shown: Vec<_> = verdicts
        .iter()
        .filter(|(id, _)| id.starts_with("continuity/") || id.starts_with("connection/"))
        .collect();
    assert_eq!(shown.len(), 14);
    assert!(shown.iter().all(|(_, verdict)| **verdict == CheckVerdict::Pass), "{}", ran.said());
    // The same history says the same without the backend.
    assert_judged_alike(&place, &ran, &place.session().unwrap());
}

#[test]
fn a_backend_that_serves_others_is_not_stopped_and_that_is_said() {
    let (backend, place) = (Backend::start(), Place::new());
    let ran = validate("resilience").users(2).seed(8).at_any_speed().of(&backend).run(&place).ended_with(0);
    let report = place.report();
    assert_eq!(failed(&report), [""; 0]);
    assert_eq!(verdicts(&report)["connection/drain"], CheckVerdict::NotObservable, "{}", ran.said());
    let offline = place.check(place.history()).ended_with(0);
    assert!(!offline.out.contains("told to stop"), "{}", offline.said());
    backend.terminate().ended_with(0);
}
