//! Answers for people: tables and sentences, coloured on a terminal only.

mod events;
mod peers;
mod policies;
mod routes;
mod session;
mod status;
mod style;
mod table;
mod why;

pub use events::event;
pub use peers::peers;
pub use policies::policies;
pub use routes::routes;
pub use session::session;
pub use status::status;
pub use style::{Paint, Style};
pub use table::{Cell, Column, Table};
pub use why::why;

/// Columns of a terminal that tables are made to fit.
pub const WIDTH: usize = 80;

/// What a table has where there is nothing.
const NOTHING: &str = "-";

fn or_nothing<T: ToString>(value: Option<T>) -> String {
    value.map_or_else(|| NOTHING.to_owned(), |value| value.to_string())
}

#[cfg(test)]
mod tests;
