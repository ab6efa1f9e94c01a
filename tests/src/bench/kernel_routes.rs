//! A table into the kernel's routes and out again, speakers taking turns, medians of all rounds.

use std::fs;
use std::io;
use std::net::TcpListener;
use std::thread;
use std::time::{Duration, Instant};

use super::feed::{Feeder, establish};
use super::full_table::{FEEDER_ASN, accept};
use super::kernel_target::{NEIGHBOR, ROUTER, start};
use super::medians::{Column, medians};
use super::table::Table;
use super::target::{Running, Speaker};
use super::writer::Writer;
use crate::lab::{Kind, Lab, Namespace};

/// Time between two looks at how many routes the kernel has, each of which walks its tree.
const LOOK: Duration = Duration::from_millis(20);
/// Longest time for all of them.
const PATIENCE: Duration = Duration::from_secs(120);
/// The kernel's account of a namespace's IPv4 routes.
const ACCOUNT: &str = "/proc/thread-self/net/fib_triestat";

/// What to measure.
#[derive(Clone, Debug)]
pub struct KernelOptions {
    /// Prefixes in the table.
    pub prefixes: u32,
    /// What the table is drawn from.
    pub seed: u64,
    /// Rounds; each measures every speaker once.
    pub rounds: u32,
}

/// What one run took. A writer has no process of its own.
#[derive(Clone, Copy, Debug, Default)]
struct Sample {
    /// From the first byte sent to the last route in the kernel, and CPU time of the speaker, the kernel's on its behalf with
    /// it.
    into: Duration,
    into_cpu: Duration,
    /// From the first withdrawal sent to the last route gone.
    out: Duration,
    out_cpu: Duration,
    /// From the end of the session to the last route gone.
    closed: Duration,
    closed_cpu: Duration,
    memory_kib: u64,
}

const COLUMNS: [Column<Sample>; 7] = [
    ("in s", |sample| sample.into.as_secs_f64(), 3),
    ("CPU s", |sample| sample.into_cpu.as_secs_f64(), 2),
    ("withdrawn s", |sample| sample.out.as_secs_f64(), 3),
    ("CPU s", |sample| sample.out_cpu.as_secs_f64(), 2),
    ("closed s", |sample| sample.closed.as_secs_f64(), 3),
    ("CPU s", |sample| sample.closed_cpu.as_secs_f64(), 2),
    ("peak MiB", |sample| sample.memory_kib as f64 / 1024.0, 1),
];

/// Measures, and returns the report.
///
/// # Errors
///
/// Without root: namespaces need it. What a speaker or the system says.
pub fn kernel_routes(options: &KernelOptions) -> io::Result<String> {
    let table = Table::generate(options.seed, options.prefixes, FEEDER_ASN, *NEIGHBOR.ip());
    let lab =
        Lab::new(&[Kind::Crier, Kind::Bird]).ok_or_else(|| io::Error::other("cannot be measured here"))?;
    let (router, neighbor) = (lab.node("r"), lab.node("n"));
    router.link(&[&format!("{ROUTER}/30")], &neighbor, &[&format!("{}/30", NEIGHBOR.ip())]);
    let mut measured = [("crier", Vec::new()), ("BIRD", Vec::new()), ("routes only", Vec::new())];
    for round in 0..options.rounds {
        let [(_, crier), (_, bird), (_, writer)] = &mut measured;
        for (speaker, samples) in [(Speaker::Crier, crier), (Speaker::Bird, bird)] {
            let sample = run(speaker, &router, &neighbor, &table)?;
            eprintln!("round {}: {} {:.3} s", round + 1, speaker.name(), sample.into.as_secs_f64());
            samples.push(sample);
        }
        writer.push(write(&router, &table)?);
    }
    let head = format!("{} prefixes, seed {}, {} rounds\n", table.prefixes, options.seed, options.rounds);
    Ok(head + &medians(&COLUMNS, &measured))
}

fn run(speaker: Speaker, router: &Namespace, neighbor: &Namespace, table: &Table) -> io::Result<Sample> {
    let listener = neighbor.enter(|| TcpListener::bind(NEIGHBOR))?;
    let mut running = start(speaker, router, table)?;
    let measured = measure(&mut running, router, &listener, table);
    measured
        .map_err(|error| io::Error::other(format!("{}: {error}\n{}", speaker.name(), running.process.log())))
}

fn measure(
    running: &mut Running,
    router: &Namespace,
    listener: &TcpListener,
    table: &Table,
) -> io::Result<Sample> {
    let mut stream = accept(running, listener)?;
    establish(&mut stream, FEEDER_ASN, [10, 0, 0, 2])?;
    let mut cpu = running.cpu()?;
    let mut used = |running: &Running| {
        let before = std::mem::replace(&mut cpu, running.cpu()?);
        io::Result::Ok(cpu.saturating_sub(before))
    };
    router.enter(|| {
        let none = routes()?;
        let all = none + table.prefixes;
        let (feeder, begin) = Feeder::start(stream, table.bytes.clone())?;
        let into = await_routes(running, all)? - begin;
        let into_cpu = used(running)?;
        let begin = feeder.send(table.withdrawals())?;
        let out = await_routes(running, none)? - begin;
        let out_cpu = used(running)?;
        feeder.send(table.bytes.clone())?;
        await_routes(running, all)?;
        used(running)?;
        let begin = feeder.close()?;
        let closed = await_routes(running, none)? - begin;
        let closed_cpu = used(running)?;
        let memory_kib = running.peak_memory()?;
        Ok(Sample { into, into_cpu, out, out_cpu, closed, closed_cpu, memory_kib })
    })
}

/// What it takes without a speaker.
fn write(router: &Namespace, table: &Table) -> io::Result<Sample> {
    let shown = router.run("ip", &["-o", "link", "show", "to-n"]);
    let interface = shown.split(':').next().and_then(|number| number.trim().parse().ok());
    let interface = interface.ok_or_else(|| io::Error::other(format!("no interface in {shown:?}")))?;
    router.enter(|| {
        let mut writer = Writer::open(table, *NEIGHBOR.ip(), interface)?;
        let mut time = |work: fn(&mut Writer) -> io::Result<()>| {
            let begin = Instant::now();
            work(&mut writer).map(|()| begin.elapsed())
        };
        let into = time(Writer::write)?;
        let out = time(Writer::remove)?;
        time(Writer::write)?;
        let closed = time(Writer::remove_gateway)?;
        Ok(Sample { into, out, closed, ..Sample::default() })
    })
}

/// Waits until the namespace of this thread has so many routes; the instant at which that was seen.
fn await_routes(running: &mut Running, wanted: u32) -> io::Result<Instant> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (there, now) = (routes()?, Instant::now());
        if there == wanted {
            return Ok(now);
        }
        if now >= deadline {
            return Err(io::Error::other(format!("{there} routes instead of {wanted}, and no more change")));
        }
        if running.process.has_ended() {
            return Err(io::Error::other("it ended early"));
        }
        thread::park_timeout(LOOK);
    }
}

/// How many routes there are in the main table, and in the local one with which it shares a tree.
fn routes() -> io::Result<u32> {
    let account = fs::read_to_string(ACCOUNT)?;
    let main = account.split_once("Main:").map_or("", |(_, main)| main);
    let count = main.lines().find_map(|line| line.trim().strip_prefix("Prefixes:")?.trim().parse().ok());
    count.ok_or_else(|| io::Error::other(format!("no count of routes in {account:?}")))
}
