//! Which rows there are, and what is said of others.

use goldenpath_faults::{Driver, catalogue};
use goldenpath_testbed::faulty::{FaultyError, start};

#[tokio::test]
async fn every_backend_row_starts() {
    for row in catalogue().filter(|row| row.driver == Driver::Backend) {
        match start(row.id, 1).await {
            Ok(backend) => assert!(backend.receipts().is_empty(), "{} acted before anybody came", row.id),
            Err(why) => panic!("{}: {why}", row.id),
        }
    }
}

#[tokio::test]
async fn rows_of_the_proxy_and_unknown_ones_are_told_apart() {
    let proxied = start("L01", 1).await.unwrap_err();
    assert!(matches!(proxied, FaultyError::DriverMissing(why) if why.contains("proxy")));
    let unknown = start("Z99", 1).await.unwrap_err();
    assert_eq!(unknown.to_string(), "`Z99` is no fault (hint: rows have ids such as `A01`)");
}
