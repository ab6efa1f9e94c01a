//! Everything that may change a speaker, in one place: each call is told to the tap, if there is one, and then made.

use core::net::IpAddr;

use ipnet::IpNet;

use super::Speaker;
use super::peer_slot::Job;
use super::types::{
    Action, Applied, Clear, CloseCause, CommandError, ConfigError, ConnId, Ends, Follow, LocalRoute, PeerId,
    Refusal, Wake,
};
use crate::config::{Config, PolicyRef};
use crate::event::Event;
use crate::family::Family;
use crate::input::{Input, Output, Tap};
use crate::rib::with_table;
use crate::time::{Instant, Millis};

impl<'m> Speaker<'m> {
    /// Tells `tap` of every call from now on, and nobody if `None`.
    pub fn set_tap(&mut self, tap: Option<&'m mut (dyn Tap + 'static)>) {
        self.tap = tap;
    }
}

impl Speaker<'_> {
    /// Makes `config` the configuration: compares it with what is, and changes only what differs.
    ///
    /// # Errors
    /// The configuration cannot be honoured; then nothing has changed.
    pub fn configure(&mut self, now: Instant, config: &Config<'_>) -> Result<Applied, ConfigError> {
        self.tell(|| Input::Configure { now, config: *config });
        let answer = self.on_configure(now, config);
        self.answered(|| Output::Applied(answer));
        answer
    }

    /// Originates a route, or replaces the one originated for the same prefix.
    ///
    /// # Errors
    /// The prefix may not be announced, its next hop is of another family, or there is no room.
    pub fn originate(&mut self, now: Instant, route: &LocalRoute<'_>) -> Result<(), CommandError> {
        self.tell(|| Input::Originate { now, route: *route });
        let answer = self.on_originate(now, route);
        self.answered(|| Output::Done(answer));
        answer
    }

    /// Originates a route as [`Speaker::originate`] does, if this policy accepts it, and with what that sets: for routes that
    /// come from elsewhere, such as the kernel.
    ///
    /// # Errors
    /// As those; or the policy rejects it.
    pub fn redistribute(
        &mut self,
        now: Instant,
        route: &LocalRoute<'_>,
        policy: PolicyRef,
    ) -> Result<(), CommandError> {
        self.tell(|| Input::Redistribute { now, route: *route, policy });
        let answer = self.on_redistribute(now, route, policy);
        self.answered(|| Output::Done(answer));
        answer
    }

    /// Withdraws a route originated here; false if there was none.
    pub fn withdraw(&mut self, prefix: IpNet) -> bool {
        self.tell(|| Input::Withdraw { prefix });
        let answer = self.on_withdraw(prefix);
        self.answered(|| Output::Withdrawn(answer));
        answer
    }

    /// Resets a neighbor's session.
    ///
    /// # Errors
    /// There is no such neighbor; or, for the soft ways, its session is not Established or cannot do route refresh.
    pub fn clear(&mut self, now: Instant, peer: PeerId, how: Clear) -> Result<(), CommandError> {
        self.tell(|| Input::Clear { now, peer, how });
        let answer = self.on_clear(now, peer, how);
        self.answered(|| Output::Done(answer));
        answer
    }

    /// Ends a neighbor's session with Cease / Administrative Shutdown and `message` (RFC 9003), and keeps it down.
    ///
    /// # Errors
    /// There is no such neighbor.
    pub fn shutdown(&mut self, now: Instant, peer: PeerId, message: &str) -> Result<(), CommandError> {
        self.tell(|| Input::Shutdown { now, peer, message });
        let answer = self.on_shutdown(now, peer, message);
        self.answered(|| Output::Done(answer));
        answer
    }

    /// Lets a neighbor that was shut down, or closed by its prefix limit, come back at once.
    ///
    /// # Errors
    /// There is no such neighbor.
    pub fn enable(&mut self, now: Instant, peer: PeerId) -> Result<(), CommandError> {
        self.tell(|| Input::Enable { now, peer });
        let answer = self.on_enable(now, peer);
        self.answered(|| Output::Done(answer));
        answer
    }

    /// Announces everything with GRACEFUL_SHUTDOWN (RFC 8326), and after `wait` withdraws it. What is withdrawn already
    /// stays so: asking twice brings nothing back.
    pub fn drain(&mut self, now: Instant, wait: Millis) {
        self.tell(|| Input::Drain { now, wait });
        self.on_drain(now, wait);
        self.answered(|| Output::Nothing);
    }

    /// Ends draining and announces everything as before.
    pub fn undrain(&mut self) {
        self.tell(|| Input::Undrain);
        self.on_undrain();
        self.answered(|| Output::Nothing);
    }

    /// Tells every address of this host, in place of those told before; a route with one of them as its next hop is refused
    /// (RFC 4271, 6.3). Sessions bring their own addresses to light by themselves, so that a driver that cannot tell need not.
    pub fn set_own_addresses(&mut self, addresses: &[IpAddr]) {
        self.tell(|| Input::SetOwnAddresses { addresses });
        self.on_set_own_addresses(addresses);
        self.answered(|| Output::Nothing);
    }

    /// Says what of the tables a driver carries to the kernel's, and whether it knows which next hops can be reached.
    pub fn follow_kernel(&mut self, now: Instant, follow: Follow) {
        self.tell(|| Input::FollowKernel { now, follow });
        self.on_follow_kernel(now, follow);
        self.answered(|| Output::Nothing);
    }

    /// The slot of a destination that may forward otherwise than when it was polled last: see [`Speaker::destination`] for
    /// its paths, of which it may have none left, and [`Speaker::prefix_in`] for its prefix. Each is told once for any number
    /// of changes, from [`Speaker::follow_kernel`] on.
    pub fn poll_forwarding(&mut self, family: Family) -> Option<u32> {
        if !self.has_forwarding(family) {
            return None;
        }
        self.tell(|| Input::PollForwarding { family });
        let slot = self.next_forwarding(family);
        self.answered(|| Output::Slot(slot));
        slot
    }

    /// The kernel has, or may have, a route for the destination in this slot, which therefore keeps it; or it has none for
    /// certain, and the slot may go to another destination.
    pub fn set_installed(&mut self, family: Family, slot: u32, installed: bool) {
        self.tell(|| Input::SetInstalled { family, slot, installed });
        self.on_set_installed(family, slot, installed);
        self.answered(|| Output::Nothing);
    }

    /// A next hop that is new, of which [`Speaker::next_hop`] is to tell; routes by way of it wait for that.
    pub fn poll_next_hop(&mut self) -> Option<IpAddr> {
        if !self.rib.shared.attrs.hops.has_new() {
            return None;
        }
        self.tell(|| Input::PollNextHop);
        let address = self.rib.shared.attrs.hops.next_new();
        self.answered(|| Output::NextHop(address));
        address
    }

    /// Tells the interior cost of a next hop, of an IPv6 one with a link-local address beside it that of the global one;
    /// `None`: it cannot be reached. What nobody uses is ignored.
    pub fn next_hop(&mut self, now: Instant, address: IpAddr, cost: Option<u32>) {
        self.tell(|| Input::NextHop { now, address, cost });
        self.on_next_hop(now, address, cost);
        self.answered(|| Output::Nothing);
    }

    /// Ends every session with Cease / Administrative Shutdown; nothing is dialled or accepted any more.
    pub fn stop(&mut self, now: Instant, message: &str) {
        self.tell(|| Input::Stop { now, message });
        self.on_stop(now, message);
        self.answered(|| Output::Nothing);
    }

    /// Stops as [`Speaker::stop`] does, but leaves sessions alone over which both ends announced graceful restart: their
    /// connections end without a word when the process does, and the neighbors keep the routes (RFC 4724, 4).
    pub fn stop_preserving(&mut self, now: Instant, message: &str) {
        self.tell(|| Input::StopPreserving { now, message });
        self.on_stop_preserving(now, message);
        self.answered(|| Output::Nothing);
    }

    /// A connection from `ends.remote` to `ends.local` was accepted by a listener.
    ///
    /// # Errors
    /// The connection is not wanted: the driver closes it.
    pub fn accept(&mut self, now: Instant, ends: Ends) -> Result<ConnId, Refusal> {
        self.tell(|| Input::Accept { now, ends });
        let answer = self.on_accept(now, ends);
        self.answered(|| Output::Accepted(answer));
        answer
    }

    /// A connection that [`Action::Connect`] asked for is open.
    pub fn connected(&mut self, now: Instant, conn: ConnId, ends: Ends) {
        if self.find(conn).is_some() {
            self.tell(|| Input::Connected { now, conn, ends });
            self.on_connected(now, conn, ends);
            self.answered(|| Output::Nothing);
        }
    }

    /// A connection ended, or could not be opened.
    pub fn closed(&mut self, now: Instant, conn: ConnId, cause: CloseCause) {
        if self.find(conn).is_some() {
            self.tell(|| Input::Closed { now, conn, cause });
            self.on_closed(now, conn, cause);
            self.answered(|| Output::Nothing);
        }
    }

    /// Bytes arrived, in order; all are taken.
    pub fn receive(&mut self, now: Instant, conn: ConnId, bytes: &[u8]) {
        if self.find(conn).is_some() {
            self.tell(|| Input::Receive { now, conn, bytes });
            self.on_receive(now, conn, bytes);
            self.answered(|| Output::Nothing);
        }
    }

    /// The instant of [`Speaker::poll_timeout`] was reached. Harmless if it was not.
    pub fn timeout(&mut self, now: Instant) {
        if self.poll_timeout().is_some_and(|next| next.at <= now) {
            self.tell(|| Input::Timeout { now });
            self.on_timeout(now);
            self.answered(|| Output::Nothing);
        }
    }

    /// Goes on with long jobs, for about `budget` table entries; true if there is more to do.
    pub fn work(&mut self, now: Instant, budget: u32) -> bool {
        // Drivers ask in every turn, and mostly there is nothing.
        if !self.has_work() {
            return false;
        }
        self.tell(|| Input::Work { now, budget });
        let answer = self.on_work(now, budget);
        self.answered(|| Output::More(answer));
        answer
    }

    /// Writes whole messages for this connection into `out` (at least 4096 bytes), and returns how many bytes. The
    /// driver calls it only once everything it got before was taken by the socket, or it loses the send hold timer.
    ///
    /// Nothing written is not the end: many changes may not be for this neighbor, and the work of one call is bounded.
    /// The end is where [`Speaker::wants_transmit`] says so.
    pub fn transmit(&mut self, now: Instant, conn: ConnId, out: &mut [u8]) -> usize {
        if self.find(conn).is_none() {
            return 0;
        }
        // What exceeds 4 GiB would stay unused anyway.
        let room = u32::try_from(out.len()).unwrap_or(u32::MAX);
        self.tell(|| Input::Transmit { now, conn, room });
        let len = self.on_transmit(now, conn, out);
        self.answered(|| Output::Sent { conn, bytes: out.get(..len).unwrap_or(&[]) });
        len
    }

    /// The next thing to do with a connection.
    pub fn poll_action(&mut self) -> Option<Action> {
        if !self.actions {
            return None;
        }
        self.tell(|| Input::PollAction);
        let answer = self.next_action();
        self.answered(|| Output::Action(answer));
        answer
    }

    /// The next event for people.
    pub fn poll_event(&mut self) -> Option<Event> {
        if self.events.is_empty() {
            return None;
        }
        self.tell(|| Input::PollEvent);
        let event = self.events.pop();
        self.answered(|| Output::Nothing);
        event
    }

    /// Makes the call that `input` stands for. `out` is where [`Input::Transmit`] writes, and must be as long as it says. An
    /// event that [`Input::PollEvent`] reads is lost: who wants it calls [`Speaker::poll_event`] instead.
    pub fn feed<'o>(&mut self, input: &Input<'_>, out: &'o mut [u8]) -> Output<'o> {
        match *input {
            Input::Configure { now, ref config } => return Output::Applied(self.configure(now, config)),
            Input::Originate { now, ref route } => return Output::Done(self.originate(now, route)),
            Input::Withdraw { prefix } => return Output::Withdrawn(self.withdraw(prefix)),
            Input::Clear { now, peer, how } => return Output::Done(self.clear(now, peer, how)),
            Input::Shutdown { now, peer, message } => return Output::Done(self.shutdown(now, peer, message)),
            Input::Enable { now, peer } => return Output::Done(self.enable(now, peer)),
            Input::Drain { now, wait } => self.drain(now, wait),
            Input::Undrain => self.undrain(),
            Input::Stop { now, message } => self.stop(now, message),
            Input::StopPreserving { now, message } => self.stop_preserving(now, message),
            Input::Accept { now, ends } => return Output::Accepted(self.accept(now, ends)),
            Input::Connected { now, conn, ends } => self.connected(now, conn, ends),
            Input::Closed { now, conn, cause } => self.closed(now, conn, cause),
            Input::Receive { now, conn, bytes } => self.receive(now, conn, bytes),
            Input::Timeout { now } => self.timeout(now),
            Input::Work { now, budget } => return Output::More(self.work(now, budget)),
            Input::Transmit { now, conn, room } => {
                let room = out.len().min(usize::try_from(room).unwrap_or(usize::MAX));
                let (out, _) = out.split_at_mut(room);
                let len = self.transmit(now, conn, out);
                return Output::Sent { conn, bytes: out.get(..len).unwrap_or(&[]) };
            }
            Input::PollAction => return Output::Action(self.poll_action()),
            Input::PollEvent => {
                self.poll_event();
            }
            Input::SetOwnAddresses { addresses } => self.set_own_addresses(addresses),
            Input::FollowKernel { now, follow } => self.follow_kernel(now, follow),
            Input::PollForwarding { family } => return Output::Slot(self.poll_forwarding(family)),
            Input::SetInstalled { family, slot, installed } => self.set_installed(family, slot, installed),
            Input::Redistribute { now, ref route, policy } => {
                return Output::Done(self.redistribute(now, route, policy));
            }
            Input::PollNextHop => return Output::NextHop(self.poll_next_hop()),
            Input::NextHop { now, address, cost } => self.next_hop(now, address, cost),
        }
        Output::Nothing
    }

    /// Whether [`Speaker::work`] could change anything.
    fn has_work(&self) -> bool {
        let crowded = |family: Family| {
            self.crowded[family.index()].is_some()
                || with_table!(ref self.rib, family, table => table.counts.lingering >= table.capacity.lingering())
        };
        self.next_timer.is_some_and(|next| next.why == Wake::Work)
            || self.reconsidering.is_some()
            || self.rib.shared.attrs.wants_sliding()
            || Family::ALL.into_iter().any(crowded)
            || self.peers.iter().any(|slot| slot.job != Job::None)
    }

    #[inline]
    fn tell<'i>(&mut self, input: impl FnOnce() -> Input<'i>) {
        if let Some(tap) = self.tap.take() {
            tap.input(self, &input());
            self.tap = Some(tap);
        }
    }

    #[inline]
    fn answered<'o>(&mut self, output: impl FnOnce() -> Output<'o>) {
        if let Some(tap) = &mut self.tap {
            tap.output(&output());
        }
    }
}
