//! The bridge over a wire of a test's own: what goes out in a turn.

use std::io;

use super::*;
use crate::kernel::bridge::tests::speaker;

/// A kernel without next-hop objects, and slow: it tells dumps to be empty, and answers no request.
#[derive(Default)]
struct Slow {
    /// Types of the dumps that were asked for.
    dumps: Vec<u16>,
    requests: usize,
    /// It tells nothing, and was begun anew so often.
    mute: bool,
    resets: usize,
    /// Others change what there is all the time.
    restless: bool,
    done: Option<[u8; 20]>,
}

impl Wire for Slow {
    fn send(&mut self, line: Line, bytes: &[u8]) -> io::Result<()> {
        if line == Line::Asking {
            self.requests += 1;
            return Ok(());
        }
        let kind = u16::from_ne_bytes([bytes[4], bytes[5]]);
        self.dumps.push(kind);
        if kind == 106 {
            return Err(io::Error::from_raw_os_error(libc::EOPNOTSUPP));
        }
        let mut done = [0; 20];
        done[0] = 20;
        done[4..6].copy_from_slice(&(libc::NLMSG_DONE as u16).to_ne_bytes());
        done[6..8].copy_from_slice(&(libc::NLM_F_MULTI as u16).to_ne_bytes());
        done[8..12].copy_from_slice(&bytes[8..12]);
        if self.restless {
            done[6..8].copy_from_slice(&((libc::NLM_F_MULTI | libc::NLM_F_DUMP_INTR) as u16).to_ne_bytes());
        }
        self.done = Some(done).filter(|_| !self.mute);
        Ok(())
    }

    fn receive(&mut self, line: Line, room: &mut [u8]) -> io::Result<Received> {
        let Some(done) = self.done.take_if(|_| line == Line::Dumping) else { return Ok(Received::Nothing) };
        room[..done.len()].copy_from_slice(&done);
        Ok(Received::Datagram(done.len()))
    }

    fn reset(&mut self, _: Line) -> io::Result<()> {
        self.resets += 1;
        Ok(())
    }

    fn port(&self, line: Line) -> u32 {
        line as u32
    }
}

#[test]
fn a_survey_goes_on_at_once_where_the_kernel_has_no_objects() {
    let now = Instant::from_millis(1000);
    let mut speaker = speaker(now);
    let mut kernel = Kernel::over(Slow::default(), Settings::default(), speaker.limits());
    kernel.turn(now, &mut speaker);
    assert_eq!(kernel.wire_mut().dumps, [libc::RTM_GETLINK]);
    kernel.turn(now, &mut speaker);
    // Nobody would have woken it for the second.
    assert_eq!(kernel.wire_mut().dumps, [libc::RTM_GETLINK, 106, libc::RTM_GETROUTE]);
    kernel.turn(now, &mut speaker);
    kernel.turn(now, &mut speaker);
    assert!(kernel.bridge().has_looked());
}

#[test]
fn a_kernel_that_owes_all_its_answers_is_waited_for() {
    let now = Instant::from_millis(1000);
    let mut speaker = speaker(now);
    let mut kernel = Kernel::over(Slow::default(), Settings::default(), speaker.limits());
    for _ in 0..4 {
        kernel.turn(now, &mut speaker);
    }
    for number in 0..200_u32 {
        let prefix = format!("10.{number}.0.0/16").parse().unwrap();
        let key = kernel.bridge.settings.key(prefix);
        let about = crate::kernel::bridge::About::Stray(prefix, 0);
        let Kernel { bridge, out, wire, .. } = &mut kernel;
        bridge.asked.send(about, &Request::NoRoute(key), &mut Requests { out, wire });
    }
    assert!(!kernel.turn(now, &mut speaker), "a turn after the other, for nothing");
    assert!(kernel.wire_mut().requests > 0);
}

#[test]
fn a_dump_that_stops_is_begun_anew() {
    let mut now = Instant::from_millis(1000);
    let mut speaker = speaker(now);
    let mut kernel =
        Kernel::over(Slow { mute: true, ..Slow::default() }, Settings::default(), speaker.limits());
    kernel.turn(now, &mut speaker);
    kernel.turn(now, &mut speaker);
    assert_eq!((kernel.wire_mut().dumps.len(), kernel.wire_mut().resets), (1, 0));
    now = kernel.deadline().unwrap();
    kernel.wire_mut().mute = false;
    kernel.turn(now, &mut speaker);
    assert_eq!((kernel.wire_mut().dumps.len(), kernel.wire_mut().resets), (2, 1));
    for _ in 0..4 {
        kernel.turn(now, &mut speaker);
    }
    assert!(kernel.bridge().has_looked());
}

#[test]
fn a_kernel_that_never_rests_is_looked_at_all_the_same() {
    let now = Instant::from_millis(1000);
    let mut speaker = speaker(now);
    let mut kernel =
        Kernel::over(Slow { restless: true, ..Slow::default() }, Settings::default(), speaker.limits());
    for _ in 0..20 {
        kernel.turn(now, &mut speaker);
    }
    assert!(kernel.bridge().has_looked(), "{:?}", kernel.wire_mut().dumps);
    assert!(kernel.wire_mut().dumps.len() <= 16, "{:?}", kernel.wire_mut().dumps);
}
