use std::path::PathBuf;

use crier_core::{Instant, Limits};

use super::*;
use crate::record::{MOST, Reader, Record, Recording, Start};

/// A file of this test's own, and its former segment, which are gone when the test is over.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        Self(std::env::temp_dir().join(format!("crier-files-{}-{name}", std::process::id())))
    }

    fn former(&self) -> PathBuf {
        former(&self.0)
    }

    /// Begins a recording that says this, and keeps it up.
    fn record(&self, seed: u64) -> Result<Recording, FileError> {
        let (limits, now) = (Limits::default(), Instant::from_millis(7));
        let start = Start { crier: "0.1.0", limits, events: 16, seed, now, unix_ms: 0, running: false };
        Recording::start(&self.0, MOST, &start).map(|(recording, _)| recording)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
        let _ = fs::remove_file(self.former());
    }
}

fn seed(path: &Path) -> u64 {
    let bytes = fs::read(path).unwrap();
    let Some(Ok(Record::Start(start))) = Reader::new(&bytes).unwrap().next() else { panic!("no start") };
    start.seed
}

/// A daemon that is started anew after a crash keeps what its former run left, and only that.
#[test]
fn a_former_run_becomes_the_former_segment() {
    let file = Scratch::new("again");
    (1..=3).for_each(|seed| file.record(seed).unwrap().finish());
    assert_eq!((seed(&file.former()), seed(&file.0)), (2, 3));
}

#[test]
fn a_file_that_is_recorded_to_is_left_alone() {
    let file = Scratch::new("in-use");
    let first = file.record(1).unwrap();
    assert!(first.flush());
    let refused = file.record(2).unwrap_err();
    assert!(matches!(&refused, FileError::InUse(path) if *path == file.0), "{refused}");
    assert_eq!((seed(&file.0), file.former().exists()), (1, false));
    first.finish();
    file.record(2).unwrap().finish();
    assert_eq!((seed(&file.former()), seed(&file.0)), (1, 2));
}

#[test]
fn what_is_no_recording_is_left_alone() {
    let file = Scratch::new("notes");
    fs::write(&file.0, "not a recording of anything").unwrap();
    let refused = file.record(1).unwrap_err();
    let expected =
        format!("{} is not a recording of crier: it stays as it is, name another file", file.0.display());
    assert_eq!(refused.to_string(), expected);
    assert_eq!(fs::read(&file.0).unwrap(), b"not a recording of anything");
    assert!(!file.former().exists());
    // Nor is it in the former segment's place.
    fs::rename(&file.0, file.former()).unwrap();
    file.record(1).unwrap().finish();
    let refused = file.record(2).unwrap_err();
    assert!(matches!(&refused, FileError::NotARecording(path) if *path == file.former()), "{refused}");
    assert_eq!(seed(&file.0), 1);
    assert_eq!(fs::read(file.former()).unwrap(), b"not a recording of anything");
}

/// A file that was made and never written to, or only its first bytes, takes nobody's place.
#[test]
fn what_has_no_records_is_not_kept() {
    let file = Scratch::new("empty");
    (1..=2).for_each(|seed| file.record(seed).unwrap().finish());
    for len in 0..=HEADER {
        fs::write(&file.0, &header()[..len]).unwrap();
        let next = create(&file.0, None).unwrap();
        assert_eq!(next.metadata().unwrap().len(), HEADER as u64);
        assert_eq!(seed(&file.former()), 1, "{len} bytes");
    }
}

/// Whoever keeps recordings may move the file away while it is written.
#[test]
fn a_segment_that_was_moved_away_is_not_missed() {
    let file = Scratch::new("moved");
    file.record(1).unwrap().finish();
    let held = create(&file.0, None).unwrap();
    let elsewhere = Scratch::new("elsewhere");
    fs::rename(&file.0, &elsewhere.0).unwrap();
    let next = create(&file.0, Some(&held)).unwrap();
    assert!(is_at(&next, &file.0) && is_at(&held, &elsewhere.0));
    assert_eq!(seed(&file.former()), 1);
}

#[test]
fn directories_and_missing_ones_are_errors() {
    let file = Scratch::new("directory");
    fs::create_dir(&file.0).unwrap();
    let refused = file.record(1).unwrap_err();
    fs::remove_dir(&file.0).unwrap();
    assert!(matches!(refused, FileError::NotARecording(_)), "{refused}");
    let refused = Scratch(file.0.join("none")).record(1).unwrap_err();
    assert!(matches!(refused, FileError::Io(..)), "{refused}");
}
