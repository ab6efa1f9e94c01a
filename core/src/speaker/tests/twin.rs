//! Every speaker of these tests has a twin that is only told what the tap hears, and must answer the same.

extern crate std;

use std::boxed::Box;
use std::format;
use std::string::String;
use std::vec;
use std::vec::Vec;

use crate::input::{Input, Output, Tap};
use crate::speaker::Speaker;

#[derive(Debug)]
pub(super) struct Twin {
    speaker: Speaker<'static>,
    out: Vec<u8>,
    /// The answer to the last call: bytes, or words.
    sent: Option<usize>,
    words: String,
}

impl Twin {
    /// A twin that was made as its sibling was. It is never given back.
    pub(super) fn of(speaker: Speaker<'static>) -> &'static mut (dyn Tap + 'static) {
        Box::leak(Box::new(Self { speaker, out: vec![0; 1 << 20], sent: None, words: String::new() }))
    }
}

impl Tap for Twin {
    fn input(&mut self, _: &Speaker<'_>, input: &Input<'_>) {
        let output = self.speaker.feed(input, &mut self.out);
        (self.sent, self.words) = match output {
            Output::Sent { conn, bytes } => (Some(bytes.len()), format!("{conn:?}")),
            other => (None, format!("{other:?}")),
        };
    }

    fn output(&mut self, output: &Output<'_>) {
        match *output {
            Output::Sent { conn, bytes } => {
                let sent = self.sent.and_then(|len| self.out.get(..len));
                assert!(
                    sent == Some(bytes) && self.words == format!("{conn:?}"),
                    "the twin sends other bytes"
                );
            }
            other => assert_eq!(self.words, format!("{other:?}"), "the twin answers otherwise"),
        }
    }
}
