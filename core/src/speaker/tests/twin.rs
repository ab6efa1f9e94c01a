//! Every speaker of these tests has a twin that is only told what the tap hears, and must answer the same. Now and then a
//! new twin, made of the speaker's state at that moment, takes the place of the former.

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
    seed: u64,
    calls: u32,
    out: Vec<u8>,
    /// The answer to the last call: bytes, or words.
    sent: Option<usize>,
    words: String,
}

impl Twin {
    /// A twin that was made as its sibling was. It is never given back.
    pub(super) fn of(speaker: Speaker<'static>, seed: u64) -> &'static mut (dyn Tap + 'static) {
        let out = vec![0; 1 << 20];
        Box::leak(Box::new(Self { speaker, seed, calls: 0, out, sent: None, words: String::new() }))
    }

    /// A new twin takes over.
    #[cfg(feature = "serde")]
    fn replace(&mut self, sibling: &Speaker<'_>) {
        use serde::de::DeserializeSeed;
        let state = postcard::to_allocvec(sibling).unwrap();
        let limits = *sibling.limits();
        let restore =
            crate::speaker::Restore { memory: super::world::memory(&limits), limits, seed: self.seed };
        let mut reader = postcard::Deserializer::from_bytes(&state);
        self.speaker = restore.deserialize(&mut reader).unwrap();
        assert!(reader.finalize().unwrap().is_empty());
        assert!(postcard::to_allocvec(&self.speaker).unwrap() == state, "the state is not what was restored");
    }
}

impl Tap for Twin {
    fn input(&mut self, sibling: &Speaker<'_>, input: &Input<'_>) {
        self.calls += 1;
        #[cfg(feature = "serde")]
        if matches!(self.calls, 64 | 512 | 4096 | 32_768) {
            self.replace(sibling);
        }
        #[cfg(not(feature = "serde"))]
        let _ = (sibling, self.seed);
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
