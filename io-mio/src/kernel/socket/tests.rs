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

/// A kernel that does what it is asked, and counts.
#[derive(Default)]
struct Willing {
    routes: usize,
    objects: usize,
    answers: Vec<u8>,
}

impl Wire for Willing {
    fn send(&mut self, _: Line, mut bytes: &[u8]) -> io::Result<()> {
        while let Some((header, _)) = bytes.split_first_chunk::<16>() {
            let length = u32::from_ne_bytes([header[0], header[1], header[2], header[3]]) as usize;
            match u16::from_ne_bytes([header[4], header[5]]) {
                libc::RTM_DELROUTE => self.routes += 1,
                105 => self.objects += 1,
                other => panic!("{other}"),
            }
            // NLMSG_ERROR without an error.
            let mut ack = [0; 36];
            ack[0] = 36;
            ack[4..6].copy_from_slice(&(libc::NLMSG_ERROR as u16).to_ne_bytes());
            ack[8..12].copy_from_slice(&header[8..12]);
            ack[20..].copy_from_slice(header);
            self.answers.extend(ack);
            bytes = &bytes[length.next_multiple_of(4)..];
        }
        Ok(())
    }

    fn receive(&mut self, _: Line, room: &mut [u8]) -> io::Result<Received> {
        let length = self.answers.len();
        room[..length].copy_from_slice(&self.answers);
        self.answers.clear();
        Ok(if length == 0 { Received::Nothing } else { Received::Datagram(length) })
    }

    fn reset(&mut self, _: Line) -> io::Result<()> {
        Ok(())
    }

    fn port(&self, line: Line) -> u32 {
        line as u32
    }
}

/// Routes of an earlier process that nobody wants as yet, less than a window of them and more.
#[test]
fn at_the_end_objects_go_after_the_last_route() {
    use crate::kernel::bridge::Left;
    use crate::netlink::Hop;
    for count in [1, 127, 128, 129, 300_u32] {
        let now = Instant::from_millis(1000);
        let mut speaker = speaker(now);
        let mut kernel = Kernel::over(Willing::default(), Settings::default(), speaker.limits());
        let Bridge { sets, adopted, survey, .. } = &mut kernel.bridge;
        survey.end_for_test();
        let hop = Hop { gateway: Some([192, 0, 2, 1].into()), interface: 3, onlink: false };
        for number in 0..count {
            let set = sets.intern(&[hop]).unwrap();
            sets.prepare(set, |_| {});
            let prefix = format!("10.{}.{}.0/24", number / 256, number % 256).parse().unwrap();
            adopted.insert(prefix, Left { set, seen: 0, protocol: 186 });
        }
        kernel.leave(Leave::Nothing);
        kernel.end(now, &mut speaker);
        assert_eq!((kernel.wire.routes, kernel.wire.objects), (count as usize, 1), "{count}");
    }
}
