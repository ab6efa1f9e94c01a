//! The loop itself.

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crier_core::speaker::Wake;
use crier_core::{EventKind, Instant, Limits, Millis, Speaker};
use mio::{Events, Poll, Waker};

use crate::buffers::{OWN, POOLED};
use crate::clock::Clock;
use crate::control::{CHUNK, Control, ControlError, News, REQUEST};
use crate::host::{Context, Flow, Host};
use crate::kernel::{self, Kernel};
use crate::keys::Keyrings;
use crate::listen::{self, ListenError, Listeners};
use crate::sessions::{READ_BUFFER, Sessions};
use crate::signal::Signals;
use crate::token::Key;

/// Entries of long jobs that one speaker works through in one turn.
const WORK_A_TURN: u32 = 4096;

/// Most closed connections that wait for their neighbor to read the last words.
const MOST_LINGERING: u16 = 1024;

/// Most kernel events fetched at once, and how often in one turn.
const MOST_EVENTS: usize = 4096;
const FETCHES_A_TURN: usize = 16;

/// How long last words have when the host stops.
const LAST_WORDS: Millis = Millis::from_secs(1);

/// How large a runtime is. Everything is allocated at the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sizes {
    /// Speakers driven.
    pub instances: u8,
    /// Connections of each: what its [`Limits::connections`](crier_core::Limits::connections) is.
    pub connections: u16,
    /// Buffers of 64 KiB for what is being sent. More are faster while many neighbors are slow; with none every
    /// connection makes do with 4 KiB.
    pub write_buffers: u16,
    /// Clients of the control socket at a time; each has 128 KiB.
    pub control_clients: u16,
}

impl Default for Sizes {
    fn default() -> Self {
        Self { instances: 1, connections: 400, write_buffers: 64, control_clients: 16 }
    }
}

impl Sizes {
    /// Bytes that a runtime of this size reserves for buffers. Pages become resident when they are first used.
    pub fn bytes(&self) -> u64 {
        let owners = self.owners() + usize::from(self.lingering());
        let all = READ_BUFFER
            + usize::from(self.write_buffers) * POOLED
            + owners * OWN
            + usize::from(self.control_clients) * (REQUEST + CHUNK);
        all as u64
    }

    fn owners(&self) -> usize {
        usize::from(self.instances) * usize::from(self.connections)
    }

    fn lingering(&self) -> u16 {
        u16::try_from(self.owners()).unwrap_or(u16::MAX).min(MOST_LINGERING)
    }

    /// Everything that can be ready at a time.
    fn events(&self) -> usize {
        let others =
            usize::from(self.lingering()) + usize::from(listen::MOST) + usize::from(self.control_clients);
        (self.owners() + others).min(MOST_EVENTS)
    }
}

/// The loop that drives speakers; `A` is [`Host::Answer`]. The crate's first page has the contract of a turn.
///
/// Once it turns, speakers are changed by the host, or in [`Runtime::with_context`]: of a change behind its back the
/// loop learns only when it wakes for another reason.
#[derive(Debug)]
pub struct Runtime<A> {
    poll: Poll,
    events: Events,
    clock: Clock,
    sessions: Sessions,
    listeners: Listeners,
    rings: Keyrings,
    control: Option<Control<A>>,
    /// The kernel's routes, for the first speaker.
    kernel: Option<Kernel>,
    signals: Option<Signals>,
    sizes: Sizes,
    /// Another thread woke us.
    woken: bool,
    /// Signals arrived.
    signalled: bool,
    /// The turn before left work.
    again: bool,
    /// What the turn before leaves to tell answers that wait.
    news: bool,
    /// When a stopping runtime ends at the latest.
    stop_at: Option<Instant>,
}

impl<A> Runtime<A> {
    /// A loop without listeners, control socket and signals. Its clock starts now.
    pub fn new(sizes: Sizes) -> io::Result<Self> {
        let poll = Poll::new()?;
        let registry = || poll.registry().try_clone();
        let sessions = Sessions::new(
            registry()?,
            sizes.instances,
            sizes.connections,
            sizes.write_buffers,
            sizes.lingering(),
        );
        Ok(Self {
            events: Events::with_capacity(sizes.events()),
            clock: Clock::start(),
            sessions,
            listeners: Listeners::new(registry()?),
            rings: Keyrings::default(),
            control: None,
            kernel: None,
            signals: None,
            sizes,
            woken: false,
            signalled: false,
            again: true,
            news: false,
            stop_at: None,
            poll,
        })
    }

    /// The clock that every instant handed to speakers and host comes from.
    pub fn clock(&self) -> Clock {
        self.clock
    }

    /// See [`Context::set_listeners`].
    pub fn set_listeners(&mut self, instance: usize, addresses: &[SocketAddr]) -> Result<(), ListenError> {
        self.listeners.set(instance, addresses, self.rings.of(instance))
    }

    /// See [`Context::listeners`].
    pub fn listeners(&self, instance: usize) -> impl Iterator<Item = SocketAddr> {
        self.listeners.addresses(instance)
    }

    /// Serves the control socket at `path` (mode 0660). The file is removed when the runtime is dropped.
    pub fn serve_control(&mut self, path: &Path) -> Result<(), ControlError> {
        self.control = Some(Control::serve(self.poll.registry(), path, self.sizes.control_clients)?);
        Ok(())
    }

    /// Opens the way to the kernel's routes, with room for what speakers of these limits have; see [`Runtime::start_kernel`].
    ///
    /// # Errors
    /// What the system says.
    pub fn open_kernel(&mut self, settings: kernel::Settings, limits: &Limits) -> io::Result<()> {
        let mut kernel = Kernel::open(settings, limits)?;
        kernel.register(self.poll.registry())?;
        self.kernel = Some(kernel);
        Ok(())
    }

    /// Carries what the first speaker forwards into the kernel's routes from now on, and tells it what the kernel knows. To be
    /// called after [`Runtime::open_kernel`], without which it does nothing, and before the first turn.
    pub fn start_kernel(&mut self, speakers: &mut [Speaker<'_>]) {
        if let (Some(kernel), Some(speaker)) = (&mut self.kernel, speakers.first_mut()) {
            kernel.bridge_mut().start(self.clock.now(), speaker);
        }
    }

    /// The kernel's routes, if they are served.
    pub fn kernel(&mut self) -> Option<&mut Kernel> {
        self.kernel.as_mut()
    }

    /// Catches SIGHUP, SIGTERM and SIGINT for the host. Process-wide; when the runtime is dropped they are ignored.
    pub fn catch_signals(&mut self) -> io::Result<()> {
        self.signals = Some(Signals::catch(self.poll.registry())?);
        Ok(())
    }

    /// A handle with which another thread makes the loop call [`Host::woken`]. One for each runtime.
    pub fn waker(&self) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), Key::Waker.token())
    }

    /// What a call of the host gets, for calls outside of a turn.
    pub fn with_context<'m, T>(
        &mut self,
        speakers: &mut [Speaker<'m>],
        call: impl FnOnce(&mut Context<'_, 'm>) -> T,
    ) -> T {
        let mut stop = false;
        let now = self.clock.now();
        self.again = true;
        self.news = true;
        let answer = call(&mut Context {
            speakers,
            now,
            listeners: &mut self.listeners,
            sessions: &mut self.sessions,
            rings: &mut self.rings,
            kernel: self.kernel.as_mut(),
            stop: &mut stop,
        });
        if stop {
            self.stop_at = Some(now + LAST_WORDS);
        }
        answer
    }

    /// Turns until the host stops, then gives last words a second to be sent.
    pub fn run<H: Host<Answer = A>>(&mut self, speakers: &mut [Speaker<'_>], host: &mut H) -> io::Result<()> {
        while self.turn(speakers, host)? == Flow::Continue {}
        self.listeners.close();
        let until = *self.stop_at.get_or_insert(self.clock.now() + LAST_WORDS);
        // At least once more: what the host ended when it stopped has not been looked at yet.
        loop {
            let _ = self.turn(speakers, host)?;
            if (self.sessions.is_quiet() && !self.again) || self.clock.now() >= until {
                break;
            }
        }
        if let (Some(kernel), Some(speaker)) = (&mut self.kernel, speakers.first_mut()) {
            kernel.end(self.clock.now(), speaker);
        }
        Ok(())
    }

    /// One turn, as the crate's first page has it. An error means that the kernel no longer tells what is ready.
    pub fn turn<H: Host<Answer = A>>(
        &mut self,
        speakers: &mut [Speaker<'_>],
        host: &mut H,
    ) -> io::Result<Flow> {
        self.wait(speakers, host)?;
        let now = self.clock.now();
        if speakers.iter().any(|speaker| speaker.poll_timeout().is_some_and(|deadline| deadline.at <= now)) {
            // A timer is due. What arrived before `now` must count before it is judged, and it may have come since the
            // kernel was asked: the process may have been stopped in between, for however long.
            self.fetch(Some(Duration::ZERO))?;
        }
        let mut again = self.move_in(speakers, now);
        again |= self.move_out(speakers, now);
        again |= self.tell(speakers, host, now);
        // After the events: of a session that ended the bridge hears before it looks at the routes that ended with it.
        if let (Some(kernel), Some(speaker)) = (&mut self.kernel, speakers.first_mut()) {
            again |= kernel.turn(now, speaker);
            if kernel.take_news() {
                self.with_context(speakers, |context| host.kernel_changed(context));
            }
        }
        self.again = again;
        Ok(if self.stop_at.is_some() { Flow::Stop } else { Flow::Continue })
    }

    /// Everything that enters the core: sockets, then time. True: there is more for another turn.
    fn move_in(&mut self, speakers: &mut [Speaker<'_>], now: Instant) -> bool {
        let Self { sessions, listeners, rings, .. } = self;
        let mut more = sessions.take_in(speakers, now);
        // Places that the core has just given up are free for who is accepted.
        more |= sessions.act(speakers, rings, now);
        more |= listeners.accept(now, rings, |instance, stream, remote| {
            sessions.admit(speakers, instance, now, stream, remote);
        });
        for speaker in speakers {
            if speaker.poll_timeout().is_some_and(|deadline| deadline.at <= now) {
                speaker.timeout(now);
            }
            more |= speaker.work(now, WORK_A_TURN);
        }
        more
    }

    /// Everything that leaves the core for the network. True: there is more for another turn.
    fn move_out(&mut self, speakers: &mut [Speaker<'_>], now: Instant) -> bool {
        let mut more = self.sessions.act(speakers, &self.rings, now);
        more |= self.sessions.send(speakers, now);
        // Connections whose last bytes have just been handed over.
        more |= self.sessions.act(speakers, &self.rings, now);
        more |= self.sessions.linger(now);
        more
    }

    /// Everything for people. True: there is more for another turn, which includes whatever the host may have caused.
    fn tell<H: Host<Answer = A>>(
        &mut self,
        speakers: &mut [Speaker<'_>],
        host: &mut H,
        now: Instant,
    ) -> bool {
        let mut heard = std::mem::take(&mut self.news);
        for (instance, speaker) in speakers.iter_mut().enumerate() {
            while let Some(event) = speaker.poll_event() {
                host.event(now, instance, &event);
                if let (0, Some(kernel), EventKind::Down(_), Some(neighbor)) =
                    (instance, &mut self.kernel, event.kind, event.remote)
                {
                    kernel.session_down(now, speaker, neighbor);
                }
                heard = true;
            }
        }
        let mut stop = false;
        let mut context = Context {
            speakers,
            now,
            listeners: &mut self.listeners,
            sessions: &mut self.sessions,
            rings: &mut self.rings,
            kernel: self.kernel.as_mut(),
            stop: &mut stop,
        };
        let mut called = false;
        if host.deadline().is_some_and(|at| at <= now) {
            host.timeout(&mut context);
            called = true;
        }
        if std::mem::take(&mut self.woken) {
            host.woken(&mut context);
            called = true;
        }
        if std::mem::take(&mut self.signalled)
            && let Some(signals) = &mut self.signals
        {
            signals.drain();
            while let Some(signal) = signals.take() {
                host.signal(&mut context, signal);
                called = true;
            }
        }
        let mut news = News { heard: heard || called, made: false };
        let mut more = called;
        if let Some(control) = &mut self.control {
            more |= control.turn(self.poll.registry(), &mut context, host, &mut news);
        }
        self.news = news.made;
        if stop && self.stop_at.is_none() {
            self.stop_at = Some(now + LAST_WORDS);
        }
        more || news.made
    }

    /// Waits until something is ready or the next deadline is reached; not at all if there is work left.
    fn wait<H: Host<Answer = A>>(&mut self, speakers: &[Speaker<'_>], host: &H) -> io::Result<()> {
        let timeout = if self.again {
            Some(Duration::ZERO)
        } else {
            let next = self.deadline(speakers, host);
            next.map(|at| Duration::from_millis(at.since(self.clock.now()).0))
        };
        self.fetch(timeout)
    }

    fn deadline<H: Host<Answer = A>>(&self, speakers: &[Speaker<'_>], host: &H) -> Option<Instant> {
        let core = speakers.iter().filter_map(|speaker| {
            speaker.poll_timeout().map(|deadline| match deadline.why {
                Wake::Work => Instant::EPOCH,
                _ => deadline.at,
            })
        });
        let ours = [
            host.deadline(),
            self.sessions.deadline(),
            self.listeners.deadline(),
            self.control.as_ref().and_then(Control::deadline),
            self.kernel.as_ref().and_then(Kernel::deadline),
            self.stop_at,
        ];
        core.chain(ours.into_iter().flatten()).min()
    }

    /// Notes everything that the kernel says is ready, waiting at most `timeout` for the first of it.
    fn fetch(&mut self, mut timeout: Option<Duration>) -> io::Result<()> {
        for _ in 0..FETCHES_A_TURN {
            match self.poll.poll(&mut self.events, timeout) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(()),
                result => result?,
            }
            let mut fetched = 0;
            for event in &self.events {
                fetched += 1;
                let Some(key) = Key::of(event.token()) else { continue };
                match key {
                    Key::Conn { instance, index, .. } => self.sessions.note(instance, index, key, event),
                    Key::Linger { index } => self.sessions.note_lingering(index, event),
                    Key::Listener { index } => self.listeners.note(index),
                    Key::Control | Key::Client { .. } => {
                        if let Some(control) = &mut self.control {
                            control.note(key, event);
                        }
                    }
                    Key::Kernel => self.kernel.iter_mut().for_each(Kernel::note),
                    Key::Signals => self.signalled = true,
                    Key::Waker => self.woken = true,
                }
            }
            if fetched < self.events.capacity() {
                break;
            }
            timeout = Some(Duration::ZERO);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
