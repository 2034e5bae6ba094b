//! A port for a service that has to find it free again after a restart.

use rand::Rng;
use std::net::{Ipv4Addr, TcpListener};

/// Below the ports that systems hand out to whoever connects: one of those could be taken while the service is down.
const PORTS: std::ops::Range<u16> = 10_000..30_000;

/// Enough to meet a free one on any machine that has some.
const TRIES: usize = 200;

/// A loopback port that nobody listens to.
///
/// # Errors
/// Says so when none was found.
pub fn free_port() -> Result<u16, String> {
    let mut random = rand::rng();
    (0..TRIES)
        .map(|_| random.random_range(PORTS))
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
        .ok_or_else(|| format!("none of {TRIES} ports was free"))
}
