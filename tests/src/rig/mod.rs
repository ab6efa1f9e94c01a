//! A real speaker in the real loop, on a thread of its own: what a whole-loop test drives over loopback.
//!
//! The test talks to it as a neighbor, over TCP, and looks inside by [`Rig::call`], which runs a closure on the loop's own
//! thread, between two turns' halves, where the program's host would act. The thread that drives the loop allocates and
//! frees nothing on the rig's behalf once it runs, so that a test may seal it.

mod mailbox;
mod setup;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use crier::control::rows::RouteRow;
use crier::record::{Recorder, Recording};
use crier_core::{Event, Instant, Limits, PeerView, Speaker, Tap};
use crier_io_mio::kernel;
use crier_io_mio::{Chunk, Context, Fill, Flow, Host, Runtime, Sizes, Waker};

use crate::lab::OrFail;
use crate::sim::replay::rib;
use mailbox::Mailbox;

pub use setup::{ASN, SPEAKER, configure, local, neighbor, quick, speaker};

/// Events that a rig keeps; further ones are read and forgotten.
const EVENTS: usize = 16_384;

/// A speaker, its loop, and the thread that turns it.
#[derive(Debug)]
pub struct Rig {
    mailbox: Arc<Mailbox>,
    turns: Arc<AtomicU64>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
    address: SocketAddr,
}

/// What the loop's host has seen.
#[derive(Debug)]
pub struct Seen {
    /// Events, in order.
    pub events: Vec<Event>,
}

/// The recording of a rig.
#[derive(Debug)]
pub struct Recorded(Recording);

impl Recorded {
    /// Waits until what happened so far is in the file.
    #[track_caller]
    pub fn flush(&self) {
        self.0.flush().then_some(()).or_fail("writing a recording");
    }

    /// Ends the recording, while the rig goes on, and returns the routes of that moment.
    #[track_caller]
    pub fn end(self, rig: &Rig) -> Vec<RouteRow> {
        let rib = rig.speaker(|speaker, now| {
            speaker.set_tap(None);
            rib(speaker, now)
        });
        self.0.finish();
        rib
    }
}

struct Driver {
    mailbox: Arc<Mailbox>,
    seen: Seen,
}

impl Rig {
    /// Starts a speaker of this size that listens at `listen` and is configured by nothing yet.
    #[track_caller]
    pub fn start(limits: Limits, write_buffers: u16, listen: SocketAddr) -> Self {
        Self::launch(limits, write_buffers, listen, None, |_| None)
    }

    /// The same, in this thread's network namespace, with the kernel's routes.
    #[track_caller]
    pub fn bridged(limits: Limits, listen: SocketAddr, kernel: kernel::Settings) -> Self {
        Self::launch(limits, 1, listen, Some(kernel), |_| None)
    }

    /// The same, recorded in this file, of at most so many bytes. The recording ends with [`Recorded::end`].
    #[track_caller]
    pub fn recorded(
        limits: Limits,
        write_buffers: u16,
        listen: SocketAddr,
        file: &Path,
        most: u64,
    ) -> (Self, Recorded) {
        let mut recording = None;
        let rig = Self::launch(limits, write_buffers, listen, None, |now| {
            let started = Recording::start(file, most, &setup::made(&limits, now)).or_fail("recording");
            recording = Some(started.0);
            Some(started.1)
        });
        (rig, Recorded(recording.or_fail("a recording")))
    }

    #[track_caller]
    fn launch(
        limits: Limits,
        write_buffers: u16,
        listen: SocketAddr,
        kernel: Option<kernel::Settings>,
        record: impl FnOnce(Instant) -> Option<Recorder>,
    ) -> Self {
        let sizes =
            Sizes { instances: 1, connections: limits.connections, write_buffers, control_clients: 0 };
        let mut runtime = Runtime::<()>::new(sizes).or_fail("making a runtime");
        runtime.set_listeners(0, &[listen]).or_fail("listening");
        let address = runtime.listeners(0).next().or_fail("a listener");
        let waker = runtime.waker().or_fail("making a waker");
        let (mailbox, turns) = (Arc::new(Mailbox::default()), Arc::new(AtomicU64::new(0)));
        let seen = Seen { events: Vec::with_capacity(EVENTS) };
        let driver = Driver { mailbox: Arc::clone(&mailbox), seen };
        let counter = Arc::clone(&turns);
        let now = runtime.clock().now();
        let recorder = record(now);
        let thread = thread::spawn(move || {
            let mut speaker = speaker(&limits, now);
            // It is never given back, as little as the speaker's memory is.
            speaker.set_tap(
                recorder.map(|recorder| -> &mut (dyn Tap + 'static) { Box::leak(Box::new(recorder)) }),
            );
            let mut speakers = [speaker];
            if let Some(kernel) = kernel {
                runtime.open_kernel(kernel, &limits).or_fail("opening the way to the kernel");
                runtime.start_kernel(&mut speakers);
            }
            drive(runtime, driver, &mut speakers, &counter);
        });
        Self { mailbox, turns, waker, thread: Some(thread), address }
    }

    /// Where the speaker listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Turns of the loop so far.
    pub fn turns(&self) -> u64 {
        self.turns.load(Ordering::SeqCst)
    }

    /// Runs `job` on the loop's thread and returns its answer. The closure is made and dropped here, so it costs the loop's
    /// thread no memory.
    #[track_caller]
    pub fn call<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut Context<'_, '_>, &mut Seen) -> T + Send + 'static,
    ) -> T {
        self.mailbox.call(&self.waker, move |context, seen| job(context, seen))
    }

    /// Runs `job` on the loop's thread with the speaker and the present.
    #[track_caller]
    pub fn speaker<T: Send + 'static>(
        &self,
        mut job: impl FnMut(&mut Speaker<'_>, Instant) -> T + Send + 'static,
    ) -> T {
        let answer = self.call(move |context, _| {
            let now = context.now;
            context.speakers.first_mut().map(|speaker| job(speaker, now))
        });
        answer.or_fail("a rig has one speaker")
    }

    /// What the speaker says of a neighbor.
    #[track_caller]
    pub fn peer<T: Send + 'static>(
        &self,
        address: std::net::IpAddr,
        look: impl Fn(&PeerView<'_>) -> T + Send + 'static,
    ) -> T {
        let seen = self.speaker(move |speaker, _| {
            speaker.find_peer(address).and_then(|peer| speaker.peer(peer)).map(|peer| look(&peer))
        });
        seen.or_fail(format_args!("neighbor {address}"))
    }

    /// How many of the events so far are `wanted`.
    #[track_caller]
    pub fn count(&self, wanted: impl Fn(&Event) -> bool + Send + 'static) -> usize {
        self.call(move |_, seen| seen.events.iter().filter(|event| wanted(event)).count())
    }

    /// Stops the speaker, as a program does on SIGINT, and waits for the end of the loop.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        let Some(thread) = self.thread.take() else { return };
        self.mailbox.call(&self.waker, |context, _| {
            let now = context.now;
            context.speakers.iter_mut().for_each(|speaker| speaker.stop(now, ""));
            context.stop();
        });
        let ended = thread.join();
        if !thread::panicking() {
            ended.map_err(|_| "it panicked").or_fail("the loop");
        }
    }
}

impl Drop for Rig {
    fn drop(&mut self) {
        self.end();
    }
}

fn drive(mut runtime: Runtime<()>, mut driver: Driver, speakers: &mut [Speaker<'_>], turns: &AtomicU64) {
    while runtime.turn(speakers, &mut driver).or_fail("a turn") == Flow::Continue {
        turns.fetch_add(1, Ordering::SeqCst);
    }
    runtime.run(speakers, &mut driver).or_fail("the last turns");
}

impl Host for Driver {
    type Answer = ();

    fn request(&mut self, _: &mut Context<'_, '_>, _: &[u8]) {}

    fn request_too_long(&mut self, _: usize) {}

    fn fill(&mut self, _: &mut Context<'_, '_>, (): &mut (), _: &mut Chunk<'_>) -> Fill {
        Fill::Done
    }

    fn event(&mut self, _: Instant, _: usize, event: &Event) {
        if self.seen.events.len() < self.seen.events.capacity() {
            self.seen.events.push(event.clone());
        }
    }

    fn woken(&mut self, context: &mut Context<'_, '_>) {
        self.mailbox.serve(context, &mut self.seen);
    }
}
