//! Bytes from one socket to the other, both ways, as they came but for the toxics.

use super::desk::Desk;
use super::io::{Ending, Socket};
use super::toxic::{Fate, Piece, Toxic, ToxicSpec, Way};
use crate::receipt::Receipt;
use futures_util::FutureExt as _;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, ReadHalf, WriteHalf, split};
use tokio::sync::mpsc;

/// How much is read at once.
const PIECE: usize = 16 << 10;

/// How many pieces wait at most, each way: then the sender waits, as it would without us.
const WAITING: usize = 64;

/// What the writing half is handed.
enum Parcel {
    Bytes { due: Duration, bytes: Vec<u8>, slice: usize },
    End { due: Duration },
    Reset { due: Duration },
}

/// The connection was reset; both sockets end so.
struct WasReset;

/// One connection with its toxics.
struct Pipe<'a> {
    desk: &'a Desk,
    conn: u32,
    toxics: Mutex<Vec<(&'static str, Box<dyn Toxic>)>>,
}

/// Carries bytes both ways until both have ended.
pub(super) async fn pipe(desk: &Desk, conn: u32, specs: &[ToxicSpec], client: Socket, server: Socket) {
    let endings = [client.ending(), server.ending()];
    let seed = |place: usize| desk.seed_of(conn).wrapping_add(place as u64);
    let toxics =
        specs.iter().enumerate().filter_map(|(place, spec)| Some((spec.name(), spec.make(seed(place))?)));
    let pipe = Pipe { desk, conn, toxics: Mutex::new(toxics.collect()) };
    let (client_in, client_out) = split(client);
    let (server_in, server_out) = split(server);
    // Said before the sockets are dropped: that is when they end.
    let ends =
        |carried: Result<(), WasReset>| carried.inspect_err(|_| endings.iter().for_each(Ending::reset));
    let _ = tokio::try_join!(
        pipe.one_way(Way::Up, client_in, server_out).map(ends),
        pipe.one_way(Way::Down, server_in, client_out).map(ends),
    );
}

impl Pipe<'_> {
    async fn one_way(&self, way: Way, from: ReadHalf<Socket>, to: WriteHalf<Socket>) -> Result<(), WasReset> {
        let (parcels, waiting) = mpsc::channel(WAITING);
        tokio::try_join!(self.read(way, from, parcels), self.write(waiting, to)).map(|_| ())
    }

    async fn read(
        &self,
        way: Way,
        mut from: ReadHalf<Socket>,
        to: mpsc::Sender<Parcel>,
    ) -> Result<(), WasReset> {
        let mut buffer = vec![0; PIECE];
        let mut last = Duration::ZERO;
        loop {
            let Ok(size) = from.read(&mut buffer).await else { return Err(WasReset) };
            let piece = self.touched(Piece::new(way, size, self.desk.now()));
            // A stream keeps its order, however late a piece of it is.
            last = last.max(piece.due);
            let parcel = match (piece.fate, size) {
                (Fate::Arrives, 0) => Parcel::End { due: last },
                (Fate::Arrives, _) => {
                    Parcel::Bytes { due: last, bytes: buffer[..size].to_vec(), slice: piece.slice }
                }
                (Fate::Vanishes, 0) => return Ok(()),
                (Fate::Vanishes, _) => continue,
                (Fate::Resets, _) => Parcel::Reset { due: last },
            };
            if to.send(parcel).await.is_err() || size == 0 {
                return Ok(());
            }
        }
    }

    fn touched(&self, mut piece: Piece) -> Piece {
        let mut toxics = self.toxics.lock().unwrap_or_else(PoisonError::into_inner);
        for (name, toxic) in toxics.iter_mut() {
            toxic.touch(&mut piece);
            for touch in piece.touches.drain(..) {
                self.desk.sign(Receipt {
                    fault: (*name).to_owned(),
                    t_ns: self.desk.now_ns(),
                    deed: touch.deed,
                    conn: Some(self.conn),
                    user: None,
                    run_id: None,
                    other_run: None,
                    what: touch.what,
                });
            }
            if piece.fate != Fate::Arrives {
                break;
            }
        }
        piece
    }

    async fn write(
        &self,
        mut from: mpsc::Receiver<Parcel>,
        mut to: WriteHalf<Socket>,
    ) -> Result<(), WasReset> {
        while let Some(parcel) = from.recv().await {
            match parcel {
                Parcel::Bytes { due, bytes, slice } => {
                    self.desk.wait_until(due).await;
                    for slice in bytes.chunks(slice) {
                        to.write_all(slice).await.map_err(|_| WasReset)?;
                        to.flush().await.map_err(|_| WasReset)?;
                        if slice.len() < bytes.len() {
                            tokio::task::yield_now().await;
                        }
                    }
                }
                Parcel::End { due } => {
                    self.desk.wait_until(due).await;
                    // A socket that is gone needs no end.
                    let _ = to.shutdown().await;
                }
                Parcel::Reset { due } => {
                    self.desk.wait_until(due).await;
                    return Err(WasReset);
                }
            }
        }
        Ok(())
    }
}
