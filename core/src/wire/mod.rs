//! Messages as bytes: reading what a neighbor sends, writing what it is sent.

pub mod as_path;
pub mod attributes;
pub mod capability;
pub mod community;
pub mod cursor;
pub mod header;
pub mod keepalive;
pub mod nlri;
pub mod notification;
pub mod open;
pub mod refresh;
pub mod update;
