//! The whole table in and out again, speakers taking turns, medians of all rounds.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use super::feed::{Feeder, establish};
use super::medians::{Column, median, medians};
use super::sink::Sink;
use super::table::Table;
use super::target::{Running, Speaker};

/// Where the speaker under test is, and listens if it must.
pub(super) const SPEAKER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 1), 17_900);
/// Where it finds the feeder.
pub(super) const FEEDER: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 2), 17_902);
/// Where it finds the sink.
pub(super) const SINK: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, 3), 17_903);
/// AS numbers of the three.
pub(super) const ASN: u32 = 65000;
/// The feeder's.
pub(super) const FEEDER_ASN: u32 = 65001;
/// The sink's.
pub(super) const SINK_ASN: u32 = 65002;

/// How long a speaker may take to dial.
const DIAL: Duration = Duration::from_secs(30);

/// What to measure.
#[derive(Clone, Debug)]
pub struct Options {
    /// Prefixes in the table.
    pub prefixes: u32,
    /// What the table is drawn from.
    pub seed: u64,
    /// Rounds; each measures every speaker once.
    pub rounds: u32,
    /// Speakers, in order.
    pub speakers: Vec<Speaker>,
    /// No speaker: the feeder's bytes straight into the sink, which is the ceiling of what can be measured.
    pub direct: bool,
}

/// What one run took.
#[derive(Clone, Copy, Debug)]
struct Sample {
    /// From the first byte sent to the last prefix counted.
    converge: Duration,
    /// From closing the feeder's session to the last withdrawal counted.
    withdraw: Duration,
    /// CPU time of the speaker until the last prefix.
    cpu: Duration,
    /// Its CPU time for the withdrawal.
    withdraw_cpu: Duration,
    /// Its peak resident memory.
    memory_kib: u64,
    /// UPDATEs that it took to pass the table on.
    updates: u32,
}

/// Measures, and returns the report.
pub fn full_table(options: &Options) -> io::Result<String> {
    let table = Table::generate(options.seed, options.prefixes, FEEDER_ASN, *FEEDER.ip());
    let mut report = format!(
        "{} prefixes in {} UPDATEs, {:.2} MB, seed {}, {} rounds\n",
        table.prefixes,
        table.updates,
        table.bytes.len() as f64 / 1e6,
        options.seed,
        options.rounds,
    );
    let mut samples: Vec<Vec<Sample>> = vec![Vec::new(); options.speakers.len()];
    let mut direct = Vec::new();
    for round in 0..options.rounds {
        if options.direct {
            direct.push(run_direct(&table)?);
        }
        for (speaker, samples) in options.speakers.iter().zip(&mut samples) {
            let sample = run(*speaker, &table)?;
            eprintln!("round {}: {} {:.3} s", round + 1, speaker.name(), sample.converge.as_secs_f64());
            samples.push(sample);
        }
    }
    if !direct.is_empty() {
        report.push_str(&format!("without a speaker: {:.3} s\n", median(&direct, Duration::as_secs_f64)));
    }
    let names = options.speakers.iter().map(|speaker| speaker.name());
    report.push_str(&medians(&COLUMNS, &names.zip(samples).collect::<Vec<_>>()));
    Ok(report)
}

const COLUMNS: [Column<Sample>; 6] = [
    ("table s", |sample| sample.converge.as_secs_f64(), 3),
    ("CPU s", |sample| sample.cpu.as_secs_f64(), 2),
    ("withdraw s", |sample| sample.withdraw.as_secs_f64(), 3),
    ("CPU s", |sample| sample.withdraw_cpu.as_secs_f64(), 2),
    ("peak MiB", |sample| sample.memory_kib as f64 / 1024.0, 1),
    ("UPDATEs", |sample| f64::from(sample.updates), 0),
];

fn run(speaker: Speaker, table: &Table) -> io::Result<Sample> {
    let (feeder, sink) = (TcpListener::bind(FEEDER)?, TcpListener::bind(SINK)?);
    let mut running = speaker.start(table)?;
    let measured = measure(&mut running, &feeder, &sink, table);
    measured
        .map_err(|error| io::Error::other(format!("{}: {error}\n{}", speaker.name(), running.process.log())))
}

fn measure(
    running: &mut Running,
    feeder: &TcpListener,
    sink: &TcpListener,
    table: &Table,
) -> io::Result<Sample> {
    let mut sink = accept(running, sink)?;
    establish(&mut sink, SINK_ASN, [10, 0, 0, 3])?;
    let mut feeder = accept(running, feeder)?;
    establish(&mut feeder, FEEDER_ASN, [10, 0, 0, 2])?;
    let mut sink = Sink::new(sink)?;

    let idle = running.cpu()?;
    let (feeder, begin) = Feeder::start(feeder, table.bytes.clone())?;
    let end = sink.read_until(|sink| sink.announced >= table.prefixes)?;
    let converge = end - begin;
    let full = running.cpu()?;
    if sink.checksum != table.checksum || sink.withdrawn != 0 {
        return Err(io::Error::other("the sink holds another table than the feeder sent"));
    }
    let updates = sink.updates;

    let begin = feeder.close()?;
    let end = sink.read_until(|sink| sink.withdrawn >= table.prefixes)?;
    if sink.checksum != 0 || sink.announced != table.prefixes {
        return Err(io::Error::other("other prefixes were withdrawn than announced"));
    }
    Ok(Sample {
        converge,
        withdraw: end - begin,
        cpu: full.saturating_sub(idle),
        withdraw_cpu: running.cpu()?.saturating_sub(full),
        memory_kib: running.peak_memory()?,
        updates,
    })
}

/// The ceiling: feeder and sink joined directly.
fn run_direct(table: &Table) -> io::Result<Duration> {
    let listener = TcpListener::bind(SINK)?;
    let feeder = TcpStream::connect(SINK)?;
    let mut sink = Sink::new(listener.accept()?.0)?;
    let (feeder, begin) = Feeder::start(feeder, table.bytes.clone())?;
    let end = sink.read_until(|sink| sink.announced >= table.prefixes)?;
    feeder.close()?;
    Ok(end - begin)
}

/// Waits for the speaker to dial, as long as it lives.
pub(super) fn accept(running: &mut Running, listener: &TcpListener) -> io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let deadline = Instant::now() + DIAL;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if error.kind() != io::ErrorKind::WouldBlock => return Err(error),
            Err(_) if Instant::now() >= deadline => return Err(io::Error::other("it does not dial")),
            Err(_) if running.process.has_ended() => return Err(io::Error::other("it ended early")),
            Err(_) => thread::park_timeout(Duration::from_millis(5)),
        }
    }
}
