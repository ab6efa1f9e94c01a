//! All BGP connections of all speakers, and the steps of a turn that move bytes between them and their sockets.

use std::net::SocketAddr;

use crier_core::speaker::{Action, CloseCause};
use crier_core::{ConnId, Instant, Speaker};
use mio::event::Event;
use mio::net::TcpStream;
use mio::{Interest, Registry};
use socket2::SockRef;

use crate::buffers::Buffers;
use crate::cause::close_cause;
use crate::conn::{Conn, Taken};
use crate::ends::Interfaces;
use crate::keys::{Keyring, Keyrings};
use crate::linger::Lingering;
use crate::socket;
use crate::token::Key;

/// Bytes of the read buffer that all connections share.
pub(crate) const READ_BUFFER: usize = 256 << 10;

/// Bytes that one turn takes in, about: divided among the connections that have something, of which each gets
/// [`LEAST_IN`] all the same. It bounds how long a turn can take, and so how late a keepalive can be: with the worst
/// messages there are, a byte costs some hundred times what it costs with usual ones.
const TURN_IN: usize = 256 << 10;
/// A message of usual length.
const LEAST_IN: usize = 4096;

/// Bytes that one turn sends, about, divided likewise: sending costs about the same whatever it is that is sent. The longest
/// message (RFC 8654) has to fit.
const TURN_OUT: usize = 16 << 20;
const LEAST_OUT: usize = 64 << 10;
const MOST_OUT: usize = 256 << 10;

/// Most actions carried out for one speaker in one go. The core bounds them too; this bounds a turn whatever it does.
const ACTIONS_A_GO: usize = 4096;

/// The connections.
#[derive(Debug)]
pub(crate) struct Sessions {
    registry: Registry,
    /// By instance, then by the index of [`ConnId`].
    tables: Vec<Box<[Option<Conn>]>>,
    connections: u16,
    /// Connections that had something to send in the turn before.
    sending: usize,
    buffers: Buffers,
    read_buffer: Box<[u8]>,
    lingering: Lingering,
    interfaces: Interfaces,
}

impl Sessions {
    /// Room for `connections` of each of `instances`, `pooled` buffers, and `lingering` closed ones.
    pub(crate) fn new(
        registry: Registry,
        instances: u8,
        connections: u16,
        pooled: u16,
        lingering: u16,
    ) -> Self {
        let owners = usize::from(instances) * usize::from(connections);
        let table = || (0..connections).map(|_| None).collect();
        Self {
            registry,
            tables: (0..instances).map(|_| table()).collect(),
            connections,
            sending: 0,
            buffers: Buffers::new(pooled, owners + usize::from(lingering)),
            read_buffer: vec![0; READ_BUFFER].into_boxed_slice(),
            lingering: Lingering::new(lingering, owners),
            interfaces: Interfaces::new(),
        }
    }

    /// Notes what the kernel says of a connection. An earlier user of its place is told from it by the generation.
    pub(crate) fn note(&mut self, instance: u8, index: u16, key: Key, event: &Event) {
        let place =
            self.tables.get_mut(usize::from(instance)).and_then(|table| table.get_mut(usize::from(index)));
        if let Some(Some(conn)) = place
            && Key::conn(instance, index, conn.id.generation) == key
        {
            conn.ready.note(event);
        }
    }

    /// Notes what the kernel says of a closed connection.
    pub(crate) fn note_lingering(&mut self, index: u16, event: &Event) {
        self.lingering.note(index, event);
    }

    /// Whether nothing is under way that should still reach a neighbor.
    pub(crate) fn is_quiet(&self) -> bool {
        self.lingering.is_empty() && self.tables.iter().flatten().flatten().all(|conn| conn.outbox.is_empty())
    }

    /// When a closed connection is given up.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lingering.deadline()
    }

    /// Reads every ready connection once, up to its share. True: there is more to read.
    pub(crate) fn take_in(&mut self, speakers: &mut [Speaker<'_>], now: Instant) -> bool {
        let ready = self.tables.iter().flatten().flatten().filter(|conn| conn.ready.readable).count();
        let share = (TURN_IN / ready.max(1)).max(LEAST_IN);
        let mut more = false;
        for (table, speaker) in self.tables.iter_mut().zip(speakers) {
            for place in table.iter_mut() {
                let Some(conn) = place else { continue };
                let id = conn.id;
                let taken = match conn.finish_dialling() {
                    Ok(ends) => {
                        if let Some((remote, local)) = ends {
                            let room = &mut self.read_buffer;
                            speaker.connected(now, id, self.interfaces.ends(now, room, remote, local));
                        }
                        conn.take_in(&mut self.read_buffer, share, |bytes| speaker.receive(now, id, bytes))
                    }
                    Err(cause) => Taken::Ended(cause),
                };
                match taken {
                    Taken::All => {}
                    Taken::Share => more = true,
                    Taken::Ended(cause) => {
                        conn.outbox.discard(&mut self.buffers);
                        *place = None;
                        speaker.closed(now, id, cause);
                    }
                }
            }
        }
        more
    }

    /// A listener of `instance` accepted a connection.
    pub(crate) fn admit(
        &mut self,
        speakers: &mut [Speaker<'_>],
        instance: usize,
        now: Instant,
        stream: TcpStream,
        remote: SocketAddr,
    ) {
        let (Some(speaker), Ok(local)) = (speakers.get_mut(instance), stream.local_addr()) else { return };
        let ends = self.interfaces.ends(now, &mut self.read_buffer, remote, local);
        let id = match speaker.accept(now, ends) {
            Ok(id) => id,
            Err(refusal) => {
                log::debug!("refused a connection from {remote}: {refusal:?}");
                return;
            }
        };
        let near = speaker.ttl(id).map_or(Ok(true), |(ttl, external)| {
            let socket = SockRef::from(&stream);
            socket::prepare(&socket, remote.ip(), ttl, external)?;
            socket::is_near(&socket, remote.ip(), ttl)
        });
        let refused = match near {
            Ok(true) => None,
            Ok(false) => {
                log::debug!(
                    "refused a connection from {remote}: it is further away than ttl-security allows"
                );
                Some(CloseCause::Unreachable)
            }
            Err(error) => {
                log::warn!("cannot set the options of a connection from {remote}: {error}");
                Some(close_cause(&error))
            }
        };
        if let Some(cause) = refused {
            speaker.closed(now, id, cause);
            return;
        }
        self.insert(speaker, instance, now, Conn::accepted(id, remote.ip(), stream, 0));
    }

    /// Carries out what the speakers want done. True: there is more for another turn.
    pub(crate) fn act(&mut self, speakers: &mut [Speaker<'_>], rings: &Keyrings, now: Instant) -> bool {
        let mut more = false;
        for (instance, speaker) in speakers.iter_mut().enumerate() {
            let mut left = ACTIONS_A_GO;
            while let Some(action) = speaker.poll_action() {
                match action {
                    Action::Connect { conn: id, remote, local, interface, ttl, external } => {
                        let access = rings.of(instance).access(remote.ip());
                        match socket::dial(remote, local, interface, ttl, external, access) {
                            Ok((stream, over)) => {
                                more |= over;
                                self.insert(
                                    speaker,
                                    instance,
                                    now,
                                    Conn::dialled(id, remote.ip(), stream, 0, over),
                                );
                            }
                            Err(error) => {
                                log::debug!("cannot dial {remote}: {error}");
                                speaker.closed(now, id, close_cause(&error));
                                more = true;
                            }
                        }
                    }
                    Action::Close { conn } => self.close(instance, now, conn),
                }
                left -= 1;
                if left == 0 {
                    more = true;
                    break;
                }
            }
        }
        more
    }

    /// Brings the keys of the connections of `instance` from `old` to `new`. Sessions go on; but those without a key that have one to
    /// have, and it is not known, end.
    pub(crate) fn rekey(
        &mut self,
        speaker: &mut Speaker<'_>,
        instance: usize,
        now: Instant,
        old: &Keyring,
        new: &Keyring,
    ) {
        for place in self.tables.get_mut(instance).into_iter().flatten() {
            let ended = place.take_if(|conn| !conn.rekey(old.access(conn.remote), new.access(conn.remote)));
            if let Some(mut conn) = ended {
                conn.outbox.discard(&mut self.buffers);
                speaker.closed(now, conn.id, CloseCause::LocalError);
            }
        }
    }

    /// Sends what the speakers have to say, as far as sockets and shares allow. True: there is more for another turn.
    pub(crate) fn send(&mut self, speakers: &mut [Speaker<'_>], now: Instant) -> bool {
        let share = (TURN_OUT / self.sending.max(1)).clamp(LEAST_OUT, MOST_OUT);
        self.sending = 0;
        let mut more = false;
        for (table, speaker) in self.tables.iter_mut().zip(speakers) {
            for conn in table.iter_mut().flatten() {
                let id = conn.id;
                if conn.can_send()
                    && conn.ready.writable
                    && (!conn.outbox.is_empty() || speaker.wants_transmit(id))
                {
                    self.sending += 1;
                    more |= conn.send(&mut self.buffers, share, |room| speaker.transmit(now, id, room));
                    // The speaker bounds what it looks through in one call, and all of that may have been for others: then
                    // it wrote nothing and still has something to say.
                    more |= conn.ready.writable && speaker.wants_transmit(id);
                }
            }
        }
        more
    }

    /// Goes on with what is closed and lingers. True: there is more for another turn.
    pub(crate) fn linger(&mut self, now: Instant) -> bool {
        self.lingering.turn(now, &mut self.buffers, &mut self.read_buffer)
    }

    fn insert(&mut self, speaker: &mut Speaker<'_>, instance: usize, now: Instant, mut conn: Conn) {
        let id = conn.id;
        let owner = instance * usize::from(self.connections) + usize::from(id.index);
        conn.outbox.move_to(&mut self.buffers, owner);
        let key = Key::conn(u8::try_from(instance).unwrap_or(u8::MAX), id.index, id.generation);
        let interest = Interest::READABLE | Interest::WRITABLE;
        let registered = self.registry.register(&mut conn.stream, key.token(), interest);
        match (registered, self.place(instance, id)) {
            (Ok(()), Some(place)) => {
                *place = Some(conn);
            }
            (Err(error), _) => {
                log::warn!("cannot watch a connection: {error}");
                speaker.closed(now, id, CloseCause::LocalError);
            }
            (Ok(()), None) => {
                log::error!("the speaker has more connections than the loop was made for");
                speaker.closed(now, id, CloseCause::LocalError);
            }
        }
    }

    /// Lets a connection go that the core has ended. Its handle is dead and the core says nothing more: a NOTIFICATION was
    /// transmitted before it asked for this, and is in the outbox as far as the socket has not taken it.
    fn close(&mut self, instance: usize, now: Instant, id: ConnId) {
        let ended = self.place(instance, id).and_then(|place| place.take_if(|conn| conn.id == id));
        let Some(mut conn) = ended else { return };
        if conn.can_send() {
            self.lingering.admit(now, &self.registry, conn.stream, conn.outbox, &mut self.buffers);
        } else {
            conn.outbox.discard(&mut self.buffers);
        }
    }

    fn place(&mut self, instance: usize, id: ConnId) -> Option<&mut Option<Conn>> {
        self.tables.get_mut(instance)?.get_mut(usize::from(id.index))
    }
}
