//! The benchmark: a whole table from one neighbor, through a speaker, to another neighbor.
//!
//! Feeder and sink are threads of this process, the speaker under test is a child; both sessions run over loopback. The
//! feeder's table is encoded before the clock starts, and the sink only counts, so that what is measured is the speaker;
//! `--direct` shows how fast the two are without one.

mod feed;
mod full_table;
mod sink;
mod table;
mod target;

pub use self::full_table::{Options, full_table};
pub use self::table::Table;
pub use self::target::Speaker;
