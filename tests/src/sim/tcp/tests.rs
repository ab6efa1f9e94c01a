use super::*;

const SERVER: &str = "10.0.0.1:179";
const CLIENT: &str = "10.0.0.2:40000";

/// Carries packets both ways, each taking a millisecond, until nobody has anything to send for ten seconds.
fn settle(now: &mut Micros, ends: &mut [Endpoint; 2], mut lose: impl FnMut() -> bool) {
    let quiet = *now + Micros::secs(10);
    while *now < quiet {
        *now += Micros::millis(1);
        for turn in 0..2 {
            let [one, two] = &mut *ends;
            let (from, to) = if turn == 0 { (one, two) } else { (two, one) };
            from.poll(*now);
            while let Some(packet) = from.out().pop_front() {
                if !lose() {
                    to.packet(*now, packet);
                }
            }
        }
    }
}

fn pair(now: Micros) -> [Endpoint; 2] {
    let (server, client) = (SERVER.parse().unwrap(), CLIENT.parse().unwrap());
    [Endpoint::listen(now, 1, server, 4096), Endpoint::dial(now, 2, client, server, 4096)]
}

#[test]
fn bytes_arrive_in_order_though_packets_are_lost() {
    let mut now = Micros::ZERO;
    let mut ends = pair(now);
    let mut count = 0u32;
    let mut lose = || {
        count += 1;
        count.is_multiple_of(5)
    };
    settle(&mut now, &mut ends, &mut lose);
    assert_eq!([ends[0].stands(), ends[1].stands()], [Stands::Open; 2]);
    let (mut sent, mut got) = (0u32, Vec::<u8>::new());
    let text: Vec<u8> = (0..20_000u32).map(|n| n as u8).collect();
    let mut room = [0; 1000];
    while got.len() < text.len() {
        sent += ends[1].send(&text[sent as usize..]) as u32;
        settle(&mut now, &mut ends, &mut lose);
        while ends[0].can_receive() {
            let len = ends[0].receive(&mut room);
            got.extend(&room[..len]);
        }
        assert!(now < Micros::secs(3_000));
    }
    assert_eq!(got, text);
    ends[1].close();
    settle(&mut now, &mut ends, &mut lose);
    assert_eq!(ends[0].stands(), Stands::Ended);
}

#[test]
fn an_answer_to_what_comes_twice_has_the_time_to_live_of_the_connection() {
    let mut now = Micros::ZERO;
    let mut ends = pair(now);
    ends.iter_mut().for_each(|end| end.set_ttl(255));
    settle(&mut now, &mut ends, || false);
    ends[1].send(b"once");
    ends[1].poll(now);
    let packet = ends[1].out().pop_front().unwrap();
    let mut answers = 0;
    for _ in 0..3 {
        now += Micros::secs(2);
        ends[0].packet(now, packet.clone());
        while let Some(answer) = ends[0].out().pop_front() {
            answers += 1;
            assert_eq!(answer[8], 255);
        }
    }
    assert!(answers > 1);
}

#[test]
fn nobody_there_means_a_reset() {
    let now = Micros::ZERO;
    let [_, mut client] = pair(now);
    let syn = client.out().pop_front().unwrap();
    let reset = Endpoint::stray(now, "10.0.0.1".parse().unwrap(), syn).unwrap();
    client.packet(now, reset.clone());
    assert_eq!(client.stands(), Stands::Over);
    assert_eq!(Endpoint::stray(now, "10.0.0.2".parse().unwrap(), reset), None);
}

#[test]
fn a_reset_ends_the_other_end_once_it_has_read() {
    let mut now = Micros::ZERO;
    let mut ends = pair(now);
    settle(&mut now, &mut ends, || false);
    ends[0].send(b"last words");
    settle(&mut now, &mut ends, || false);
    ends[0].abort(now);
    settle(&mut now, &mut ends, || false);
    assert_eq!(ends[1].stands(), Stands::Open);
    assert_eq!(ends[1].receive(&mut [0; 100]), 10);
    assert_eq!(ends[1].stands(), Stands::Over);
}
