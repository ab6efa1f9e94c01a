//! Messages as bytes: reading what a neighbor sends, writing what it is sent.

pub mod cursor;
pub mod header;
pub mod notification;
