//! The benchmarks: speakers under test are children of this process, in turn, with neighbors that are threads of it.
//!
//! [`full_table`]: a whole table from one neighbor, through a speaker, to another neighbor, over loopback. The feeder's table is
//! encoded before the clock starts, and the sink only counts, so that what is measured is the speaker; `--direct` shows how
//! fast the two are without one.
//!
//! [`kernel_routes`]: a table from a neighbor into the kernel's routes and out of them again, in a network namespace; what the
//! kernel itself needs for that is shown by a program that only writes routes.
//!
//! [`hostile`]: how long routes take between neighbors while others attack.

mod feed;
mod full_table;
mod hostile;
mod kernel_routes;
mod kernel_target;
mod medians;
mod sink;
mod table;
mod target;
mod writer;

pub use self::full_table::{Options, full_table};
pub use self::hostile::{HostileOptions, hostile};
pub use self::kernel_routes::{KernelOptions, kernel_routes};
pub use self::table::Table;
pub use self::target::Speaker;
