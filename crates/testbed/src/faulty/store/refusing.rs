//! A store that takes nothing from users who were let in unchecked: they are refused at their first message.

use super::StoreFault;
use crate::faulty::auth::Doubtful;
use crate::faulty::desk::Desk;
use async_trait::async_trait;
use goldenpath_faults::Deed;
use goldenpath_storage::{BeginRun, NewRun, Store, StoreError};
use std::sync::Arc;

#[derive(Debug)]
pub(in crate::faulty) struct RefusesDoubtful {
    desk: Desk,
    doubtful: Arc<Doubtful>,
}

impl RefusesDoubtful {
    pub(in crate::faulty) fn new(desk: Desk, doubtful: Arc<Doubtful>) -> Self {
        Self { desk, doubtful }
    }
}

#[async_trait]
impl StoreFault for RefusesDoubtful {
    async fn begin_run(&self, store: &dyn Store, request: NewRun) -> Result<BeginRun, StoreError> {
        if !self.doubtful.holds(&request.user_id) {
            return store.begin_run(request).await;
        }
        let user = Some(request.user_id.as_str());
        self.desk.sign(Deed::Altered, user, None, "refused at the first message");
        Err(StoreError::Failed("the token does not hold".to_owned()))
    }
}
