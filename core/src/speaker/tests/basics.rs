//! Two speakers come up, exchange routes, and part.

extern crate std;

use super::world::{World, route, settings};
use crate::peer::State;
use crate::speaker::Clear;
use crate::time::Millis;
use crate::{EventKind, PeerId};

fn states(world: &World) -> [State; 2] {
    [0, 1].map(|host: usize| world.hosts[host].peer(PeerId(1)).unwrap().state)
}

#[test]
fn two_speakers_that_dial_each_other_end_with_one_session() {
    let mut world = World::pair((65_001, settings()), (65_002, settings()));
    world.settle();
    assert_eq!(states(&world), [State::Established; 2]);
    world.run(Millis::from_secs(3_600));
    assert_eq!(states(&world), [State::Established; 2]);
    for host in 0..2 {
        assert_eq!(world.count(host, |kind| matches!(kind, EventKind::Established { .. })), 1);
        let view = world.hosts[host].peer(PeerId(1)).unwrap();
        assert_eq!(view.negotiated.unwrap().hold, 90);
        assert!(view.families.iter().flatten().all(|f| f.end_of_rib_sent && f.end_of_rib_received));
    }
}

#[test]
fn routes_come_and_go() {
    for piece in [1, 7, 65_536] {
        let mut world = World::pair((65_001, settings()), (65_002, settings()));
        world.piece = piece;
        for prefix in ["172.20.0.0/24", "172.20.1.0/24", "0.0.0.0/0"] {
            world.hosts[0].originate(world.now, &route(prefix)).unwrap();
        }
        world.settle();
        assert_eq!(world.prefixes(1), ["0.0.0.0/0", "172.20.0.0/24", "172.20.1.0/24"]);
        assert_eq!(world.routes(1)[0].1, Some("10.0.0.1".parse().unwrap()));
        world.hosts[0].withdraw("172.20.0.0/24".parse().unwrap());
        world.settle();
        assert_eq!(world.prefixes(1), ["0.0.0.0/0", "172.20.1.0/24"]);
        world.cut();
        world.hosts[0].stop(world.now, "");
        world.settle();
        assert!(world.prefixes(1).is_empty());
    }
}

#[test]
fn a_neighbor_is_dialled_again_only_once_it_knows_that_the_session_ended() {
    let mut world = World::pair((65_001, settings()), (65_002, settings()));
    world.settle();
    let speaker = &mut world.hosts[0];
    speaker.clear(world.now, PeerId(1), Clear::Hard).unwrap();
    speaker.timeout(world.now);
    assert_eq!(speaker.poll_action(), None, "the NOTIFICATION is still to be sent");
    world.settle();
    // Should the neighbor have refused it all the same, the next attempt is not far.
    world.run(Millis::from_secs(1));
    assert_eq!(states(&world), [State::Established; 2]);
    for host in 0..2 {
        assert_eq!(world.count(host, |kind| matches!(kind, EventKind::Established { .. })), 2);
    }
}
