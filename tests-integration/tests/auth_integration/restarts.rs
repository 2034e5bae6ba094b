//! What of logins outlives the auth service that made them, when it remembers in Redis.

use super::desk::Desk;
use super::{auth, knock, wait_for_revocations};
use goldenpath_harness::{TestUser, Token};
use goldenpath_testbed::Testbed;
use goldenpath_testbed::services::Redis;
use serde_json::Map;

#[tokio::test]
async fn logins_and_revocations_outlive_a_restart_of_the_auth_service() {
    let redis = Redis::shared().await.unwrap();
    let builder = Testbed::builder().remembering_in(redis.url(), &Redis::fresh_prefix());
    let testbed = builder.with_auth_service(|_| {}).start().await.unwrap();
    let (auth, desk) = (auth(&testbed), Desk::of(auth(&testbed)));
    let (ada, bob) = (desk.exchange("ada", &Map::new()).await, desk.exchange("bob", &Map::new()).await);
    assert_eq!(desk.revoke(&bob.access).await, 200);
    let (_, told) = desk.get("/auth/revocations").await;

    auth.stop().await;
    wait_for_revocations(&testbed, "unavailable").await;
    auth.start_again().await.unwrap();
    let (_, told_again) = desk.get("/auth/revocations").await;
    assert_eq!((&told_again["epoch"], &told_again["head"]), (&told["epoch"], &1.into()));
    assert_eq!(told_again["revoked"][0]["jti"], told["revoked"][0]["jti"]);

    // Who was logged in stays so, on the same service as on a new one.
    let next = desk.refresh(&ada.refresh).await.unwrap();
    let user = TestUser::given("ada", Token::new(next.access.clone()));
    assert_eq!(knock(&testbed, &user, &next.access).await.0, 101);
    // A refresh token that was used before the restart is known as used after it.
    auth.stop().await;
    auth.start_again().await.unwrap();
    desk.refresh(&ada.refresh).await.unwrap_err();
    assert_eq!(desk.refresh(&next.refresh).await.unwrap_err().1["error"], "invalid_grant");
}
