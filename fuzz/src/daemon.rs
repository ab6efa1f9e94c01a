//! A daemon with something to tell: neighbors, routes, policies.

use crier::daemon::{DEFAULT_INSTANCE, Daemon, Now, Words};
use crier_core::{Instant, Speaker};

use crate::lab::{NOW, configuration, ends, neighbor, settle, transmit_all, with_speaker};
use crate::script::{message, open};

/// The present, and the time of day that goes with it.
pub(crate) const fn now() -> Now {
    Now { at: Instant::from_millis(NOW.as_millis()), unix_ms: 1_000_000_000_000 }
}

/// Routes of the neighbor: 10.1.1.0/24, with everything that there is to show; and one that is refused.
const UPDATES: [&[u8]; 2] = [
    &[
        0, 0, 0, 51, 0x40, 1, 1, 0, 0x40, 2, 14, 2, 1, 0, 0, 0xFD, 0xEA, 1, 1, 0, 0, 0, 9, 0x40, 3, 4, 10, 0,
        0, 2, 0xC0, 8, 4, 0xFD, 0xE8, 0, 1, 0xC0, 32, 12, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 3, 24, 10, 1, 1,
    ],
    &[0, 0, 0, 20, 0x40, 1, 1, 0, 0x40, 2, 6, 2, 1, 0, 0, 0xFD, 0xE9, 0x40, 3, 4, 10, 0, 0, 2, 24, 10, 2, 1],
];

/// Hands a daemon in session with a neighbor to `run`.
pub(crate) fn with_daemon<T>(number: u8, run: impl FnOnce(Daemon, Speaker<'_>) -> T) -> T {
    let model = configuration(number);
    with_speaker(model, |mut speaker| {
        let (address, asn, id) = neighbor(0);
        let conn = speaker.accept(NOW, ends(std::net::SocketAddr::new(address, 50_000)));
        settle(&mut speaker, NOW, |_| {}, |_| {});
        if let Ok(conn) = conn {
            speaker.receive(NOW, conn, &open(asn, id, 0));
            speaker.receive(NOW, conn, &message(4, &[]));
            for update in UPDATES {
                speaker.receive(NOW, conn, &message(2, update));
            }
            settle(&mut speaker, NOW, |_| {}, |_| {});
            transmit_all(&mut speaker, NOW, conn);
        }
        let mut daemon = Daemon::new(words(model), now());
        daemon.configured(&mut speaker, now(), words(model), []);
        while let Some(event) = speaker.poll_event() {
            drop(event);
        }
        run(daemon, speaker)
    })
}

fn words(model: &crier::config::Model) -> Words {
    Words {
        instance: DEFAULT_INSTANCE.to_owned(),
        asn: model.local.asn,
        router_id: model.local.router_id,
        tags: Vec::new(),
        policies: Vec::new(),
    }
}
