//! Messages as bytes: reading what a neighbor sends, writing what it is sent.

pub mod notification;
