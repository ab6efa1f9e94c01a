//! Messages as bytes: reading what a neighbor sends, writing what it is sent.

pub mod capability;
pub mod cursor;
pub mod header;
pub mod keepalive;
pub mod notification;
pub mod open;
pub mod refresh;
