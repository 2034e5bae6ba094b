//! Every fault that a proxy can make, in front of a real backend with real users: driven, recorded, and assessed like a
//! generated session. Healthy sessions of the same kind beside them, which nothing may alarm.

mod acts;
mod schedule;
mod script;
mod setting;
mod site;
mod sitting;

pub(crate) use schedule::{Live, LiveFound, Tried};
pub(crate) use site::Site;
pub(crate) use sitting::NoSession;
