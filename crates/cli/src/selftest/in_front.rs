//! The live half of the table: sessions in front of a target, and where they stand in it.

use super::live::{Live, LiveFound, NoSession, Site, Tried};
use crate::config::{Chosen, Environment, Length, TargetChoice};
use crate::exit::CommandError;
use crate::target::{Reached, reach};
use goldenpath_detection::{Column, HealthyRow, Matrix};

/// Attempts at each fault in front of a target.
pub(super) fn seeds(asked: Option<u64>, length: Length) -> u64 {
    asked.unwrap_or(match length {
        Length::Short => 1,
        Length::Nightly => 20,
    })
}

/// Where sessions are driven, and its address without secrets.
pub(super) async fn site(chosen: &Chosen, environment: &Environment) -> Result<(Site, String), CommandError> {
    let TargetChoice::Remote(config) = &chosen.target else {
        return Ok((Site::Embedded, "embedded".to_owned()));
    };
    let Reached { target, auth, .. } = reach(chosen, environment).await?;
    let ca = config.ca_file.as_ref().map(|file| {
        std::fs::read(file)
            .map_err(|why| CommandError::Usage(format!("failed to read `{}`: {why}", file.display())))
    });
    let ca = ca.transpose()?.map(Into::into);
    let said = target.safe_url();
    Ok((Site::Target { target: Box::new(target), auth, ca }, said))
}

/// Drives them all.
pub(super) async fn drive(live: Live) -> Result<LiveFound, CommandError> {
    live.run().await.map_err(|why| match why {
        NoSession::Command(why) => why,
        NoSession::TargetUnavailable(why) => CommandError::Outside(why),
        NoSession::TimedOut => CommandError::Outside(why.to_string()),
    })
}

/// Puts what came of it beside the generated sessions.
pub(super) fn into_matrix(found: LiveFound, matrix: &mut Matrix) {
    for (info, tried) in found.faults {
        let column = match tried {
            Tried::Attempts(attempts) => Column::fold(&attempts),
            Tried::Not(result, why) => Some(Column::untried(result, why)),
        };
        if let Some(row) = matrix.faults.iter_mut().find(|row| row.info.id == info.id) {
            row.live = column;
        }
    }
    // They ended in an order that is nobody's choice, and rows are told in one.
    let mut healthy = found.healthy;
    healthy.sort_by_key(|(id, seed, _)| (*id, *seed));
    for (id, seed, alarms) in healthy {
        let at = matrix.trials.iter().position(|row| row.id == id).unwrap_or_else(|| {
            matrix.trials.push(HealthyRow::new(id));
            matrix.trials.len() - 1
        });
        matrix.trials[at].count("live", seed, &alarms);
    }
}

#[cfg(test)]
mod tests {
    use super::into_matrix;
    use crate::selftest::live::LiveFound;
    use goldenpath_detection::{Alarm, HealthyRow, Matrix};

    #[test]
    fn the_table_does_not_tell_which_session_ended_first() {
        let rows = |order: [usize; 3]| {
            let alarm = |words: &str| vec![Alarm { check: "content/json", summary: words.to_owned() }];
            let ended =
                [("bad tokens", 7, alarm("one")), ("a talk", 8, alarm("two")), ("a talk", 7, alarm("three"))];
            let healthy = order.map(|at| ended[at].clone()).to_vec();
            let mut matrix = Matrix {
                target: "embedded".to_owned(),
                seed: 7,
                seeds: 2,
                live: true,
                faults: Vec::new(),
                healthy: Vec::new(),
                trials: Vec::new(),
                tester: Vec::new(),
                interrupted: false,
            };
            into_matrix(LiveFound { healthy, ..LiveFound::default() }, &mut matrix);
            matrix.trials
        };
        let told: Vec<HealthyRow> = rows([0, 1, 2]);
        assert_eq!(told.iter().map(|row| row.id).collect::<Vec<_>>(), ["a talk", "bad tokens"]);
        assert!(told[0].first.as_deref().is_some_and(|first| first.contains("three")), "{:?}", told[0].first);
        for order in [[2, 1, 0], [1, 0, 2], [0, 2, 1]] {
            assert_eq!(rows(order), told);
        }
    }
}
