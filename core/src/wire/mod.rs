//! Messages as bytes: reading what a neighbor sends, writing what it is sent.

pub mod as_path;
pub mod attributes;
pub mod community;
pub mod nlri;
pub mod notification;
pub mod update;
