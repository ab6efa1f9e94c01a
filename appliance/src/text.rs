//! Words for values: how attributes, spans of time and text from outside are written, and read back.

mod attributes;
mod escape;
mod time;

pub use attributes::{as_path, communities, community, large_communities, large_community, origin};
pub use attributes::{parse_community, parse_large_community};
pub use escape::{escape, escape_bytes, hex};
pub use time::{parse_span, short_span, span, timestamp};

/// Writes to standard output. A reader that is gone is no reason to fail: the exit code still says how it went.
pub fn say(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
