//! What the address of a connection asks for: `?client_id=<uuid>&resume=<epoch>:<offset>`.

/// The client's name for itself, and where it wants to go on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) client: Option<Box<str>>,
    pub(crate) point: Option<Point>,
    /// Something stands where a point should, and is none: no stream can be gone on with from there.
    pub(crate) unreadable: bool,
}

/// The last offset that the client says it received, and the life of the log that it counts in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Point {
    pub(crate) epoch: Box<str>,
    pub(crate) offset: u64,
}

impl Address {
    pub(crate) fn read(url: &str) -> Self {
        let mut address = Self::default();
        let Some((_, query)) = url.split_once('?') else { return address };
        for pair in query.split('#').next().unwrap_or_default().split('&') {
            match pair.split_once('=') {
                Some(("client_id", client)) if !client.is_empty() => address.client = Some(client.into()),
                Some(("resume", point)) => {
                    address.point = Point::read(point);
                    address.unreadable = address.point.is_none();
                }
                _ => {}
            }
        }
        address
    }
}

impl Point {
    fn read(text: &str) -> Option<Self> {
        let (epoch, offset) =
            text.split_once(':').or_else(|| text.split_once("%3A")).or_else(|| text.split_once("%3a"))?;
        Some(Self { epoch: epoch.into(), offset: offset.parse().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::{Address, Point};

    #[test]
    fn an_address_says_who_comes_back_and_from_where() {
        let point = |epoch: &str, offset| Some(Point { epoch: epoch.into(), offset });
        let read = Address::read;
        assert_eq!(read("ws://h/ws"), Address::default());
        assert_eq!(read("ws://h/ws?resume=ab:7").point, point("ab", 7));
        let both = read("ws://h/ws?client_id=c1&resume=ab%3A0#x");
        assert_eq!((both.client.as_deref(), both.point), (Some("c1"), point("ab", 0)));
        assert!(!both.unreadable);
        for odd in ["ws://h/ws?resume=", "ws://h/ws?resume=ab", "ws://h/ws?resume=ab:-1"] {
            assert_eq!((read(odd).point, read(odd).unreadable), (None, true), "{odd}");
        }
        for none in ["ws://h/ws", "?&&=&resume", ""] {
            assert_eq!(read(none), Address::default(), "{none}");
        }
    }
}
