//! What one user may do with what is another's.

use crate::stage::{DEADLINE, Stage, proves};
use goldenpath_harness::Connect;
use goldenpath_protocol::{EventType, Recovered};

#[tokio::test]
async fn a_foreign_stream_is_resumed() {
    proves("I10", 1, async |stage: &mut Stage| {
        let owner = stage.enter(0).await;
        stage.answered(&owner).await;
        let mut point = owner.view(|view| view.resume_point()).unwrap();
        point.offset -= 1;
        let other = stage.enter_as(1, Connect::fresh().resuming(&point)).await;
        other.view(|view| view.greeting.as_ref().unwrap().recovered) == Some(Recovered::Full)
    })
    .await;
}

#[tokio::test]
async fn a_foreign_run_is_cancelled() {
    proves("I11", 1, async |stage: &mut Stage| {
        let (owner, other) = (stage.enter(0).await, stage.enter(1).await);
        let prompt = stage.next();
        let run = stage.begin(&owner, &prompt).await;
        other.cancel(&run).await.unwrap();
        let refused = |view: &goldenpath_harness::View| (!view.errors.is_empty()).then_some(());
        other.wait_for("a refusal of the cancel", DEADLINE, refused).await.unwrap();
        stage.end(&owner, &prompt).await == Some(EventType::AgentCancelled)
    })
    .await;
}

#[tokio::test]
async fn a_foreign_run_is_read() {
    proves("I12", 1, async |stage: &mut Stage| {
        let owner = stage.enter(0).await;
        let run = stage.answered(&owner).await;
        let (own, _) = stage.document(0, &run).await;
        let (status, document) = stage.document(1, &run).await;
        assert_eq!(own, 200);
        assert!(status == 404 || document["run_id"] == run.as_str(), "{status}: {document}");
        status == 200
    })
    .await;
}
