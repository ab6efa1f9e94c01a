//! Self-checks: whether what is counted agrees with what is there. [`Speaker::check`](crate::Speaker::check) joins those of
//! all tables; tests and simulators ask for it after a step. They walk everything and allocate as they like, so they are no
//! part of a speaker at work: they exist in tests and with the feature `check` only.

extern crate std;

use core::fmt::Arguments;
use std::string::String;

/// What a walk found out, or the first contradiction.
pub(crate) type Checked<T = ()> = Result<T, String>;

/// The text of a contradiction.
pub(crate) fn contradiction(text: Arguments<'_>) -> String {
    std::fmt::format(text)
}

/// Returns with a contradiction unless the condition holds.
macro_rules! ensure {
    ($holds:expr, $($text:tt)+) => {
        if !$holds {
            return Err($crate::check::contradiction(format_args!($($text)+)));
        }
    };
}

/// Returns with a contradiction unless what is counted is what was found.
macro_rules! agree {
    ($counted:expr, $found:expr, $($what:tt)+) => {{
        let (counted, found) = ($counted, $found);
        if counted != found {
            let what = format_args!($($what)+);
            return Err($crate::check::contradiction(format_args!("{what}: {counted:?} counted, {found:?} found")));
        }
    }};
}

pub(crate) use {agree, ensure};
