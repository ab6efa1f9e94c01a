//! What the bridge to the kernel's routes says that it takes, held against what it asks the allocator for.

use crier_core::Limits;
use crier_io_mio::kernel::{Kernel, Settings, bytes};
use crier_tests::allocation::measured;

#[test]
fn the_bridges_plan_is_what_it_allocates() {
    let small = Limits { peers: 2, connections: 4, prefixes: 100, ..Limits::default() };
    let large = Limits { prefixes: 300_000, paths: 300_000, ..Limits::default() };
    let objects = Settings::default();
    let none = Settings { objects: None, max_routes: 1_000_000, ..Settings::default() };
    for (settings, limits) in [(&objects, small), (&objects, large), (&none, small), (&none, large)] {
        // Whether there is a kernel to speak to, privileges or not: sockets are no memory of ours.
        let (kernel, allocated) = measured(|| Kernel::open(settings.clone(), &limits).unwrap());
        assert_eq!(allocated, bytes(settings, &limits), "{settings:?}");
        drop(kernel);
    }
}
