//! A plan in words, for reports of failures.

use std::fmt::{self, Display, Write as _};

use crate::sim::Plan;
use crate::sim::plan::{Fault, FaultKind, HostPlan, KernelFault, LinkPlan, Quality, Work, WorkKind};

impl Plan {
    /// The plan in lines: hosts, links, faults and work, each under the name that leaves it out. With `configs` the
    /// hosts' files as well. Hosts and links of which nothing is left are passed over.
    pub fn describe(&self, configs: bool) -> String {
        let mut text = String::new();
        // Writing into a string does not fail.
        let _ = self.write(configs, &mut text);
        text
    }

    fn write(&self, configs: bool, out: &mut String) -> fmt::Result {
        writeln!(
            out,
            "seed {}: {} hosts, {} links, {} faults, {} pieces of work; heals at {} s, to converge within {} s, then \
             watched for {} s",
            self.seed,
            self.hosts.len(),
            self.links.len(),
            self.faults.len(),
            self.work.len(),
            self.heal_at,
            self.converge_within,
            self.watch
        )?;
        for (at, host) in self.hosts.iter().enumerate() {
            let linked = self.links.iter().flat_map(|link| &link.ends).any(|end| end.host == at);
            if host.config.is_some() || linked {
                write_host(at, host, out)?;
            }
            if let (true, Some(config)) = (configs, &host.config) {
                write_indented(config, out)?;
            }
        }
        for (at, link) in self.links.iter().enumerate().filter(|(_, link)| !link.ends.is_empty()) {
            self.write_link(at, link, out)?;
        }
        for (at, fault) in self.faults.iter().enumerate() {
            self.write_fault(at, fault, out)?;
        }
        for (at, work) in self.work.iter().enumerate() {
            self.write_work(at, work, configs, out)?;
        }
        Ok(())
    }

    fn name(&self, host: usize) -> &str {
        self.hosts.get(host).map_or("?", |host| host.name.as_str())
    }

    fn write_link(&self, at: usize, link: &LinkPlan, out: &mut String) -> fmt::Result {
        write!(out, "l{at}: ")?;
        for (number, end) in link.ends.iter().enumerate() {
            let before = if number == 0 { "" } else { " - " };
            write!(out, "{before}{} {}", self.name(end.host), joined(&end.addresses))?;
        }
        writeln!(out, "; {}", InWords(&link.quality))
    }

    fn write_fault(&self, at: usize, fault: &Fault, out: &mut String) -> fmt::Result {
        if fault.until > fault.from {
            write!(out, "f{at}: {} s to {} s: ", fault.from, fault.until)?;
        } else {
            write!(out, "f{at}: {} s: ", fault.from)?;
        }
        match &fault.kind {
            FaultKind::Degrade { link, quality } => writeln!(out, "l{link} has {}", InWords(quality)),
            FaultKind::Partition { link, from: None } => writeln!(out, "l{link} carries nothing"),
            FaultKind::Partition { link, from: Some(end) } => {
                let end = self.links.get(*link).and_then(|link| link.ends.get(*end));
                let who = end.map_or("?", |end| self.name(end.host));
                writeln!(out, "l{link} carries nothing from {who}")
            }
            FaultKind::Crash { host } => writeln!(out, "{} has no power", self.name(*host)),
            FaultKind::Kill { host } => writeln!(out, "{} is without its speaker", self.name(*host)),
            FaultKind::SlowCpu { host, turn } => {
                writeln!(out, "{} takes {turn} s for a turn", self.name(*host))
            }
            FaultKind::Kernel { host, how } => {
                write!(out, "the kernel of {} ", self.name(*host))?;
                match how {
                    KernelFault::Refuse => writeln!(out, "refuses routes"),
                    KernelFault::Delay(time) => writeln!(out, "takes {time} s for an answer"),
                    KernelFault::Lose => writeln!(out, "forgets every second route"),
                    KernelFault::Vanish => writeln!(out, "loses a route or a next hop every few seconds"),
                    KernelFault::Overrun => {
                        writeln!(out, "loses a route or a next hop every few seconds, and all that it says")
                    }
                }
            }
            FaultKind::ClockJump { host, by } => {
                writeln!(out, "the clock of {} jumps by {by} s", self.name(*host))
            }
            FaultKind::Reset { host, peer } => {
                writeln!(out, "connections of {} and {} are reset", self.name(*host), self.name(*peer))
            }
            FaultKind::HalfOpen { host, peer } => {
                writeln!(out, "{} forgets its connections with {}", self.name(*host), self.name(*peer))
            }
            FaultKind::Deaf { host } => writeln!(out, "{} reads nothing", self.name(*host)),
            FaultKind::SlowReader { host, rate } => {
                writeln!(out, "{} reads {rate} bytes a second from each connection", self.name(*host))
            }
        }
    }

    fn write_work(&self, at: usize, work: &Work, configs: bool, out: &mut String) -> fmt::Result {
        write!(out, "w{at}: {} s: {}: ", work.at, self.name(work.host))?;
        match &work.kind {
            WorkKind::Announce { prefix, communities, med } => {
                write!(out, "announce {prefix}")?;
                for community in communities {
                    write!(out, " community={}:{}", community >> 16, community & 0xFFFF)?;
                }
                if let Some(med) = med {
                    write!(out, " med={med}")?;
                }
                writeln!(out)
            }
            WorkKind::Withdraw(prefix) => writeln!(out, "withdraw {prefix}"),
            WorkKind::Clear(peer, how) => writeln!(out, "clear {peer} ({how:?})"),
            WorkKind::Shutdown(peer) => writeln!(out, "shutdown {peer}"),
            WorkKind::Enable(peer) => writeln!(out, "enable {peer}"),
            WorkKind::Drain => writeln!(out, "drain"),
            WorkKind::Undrain => writeln!(out, "undrain"),
            WorkKind::Reload(config) => {
                writeln!(out, "reload")?;
                if configs { write_indented(config, out) } else { Ok(()) }
            }
        }
    }
}

fn write_host(at: usize, host: &HostPlan, out: &mut String) -> fmt::Result {
    write!(out, "h{at}: {}", host.name)?;
    if host.config.is_none() {
        write!(out, ", only forwards")?;
    } else if !host.installs {
        write!(out, ", installs nothing")?;
    } else if !host.next_hop_objects {
        write!(out, ", without next-hop objects")?;
    }
    if !host.addresses.is_empty() {
        write!(out, ", also {}", joined(&host.addresses))?;
    }
    if host.config.is_some() {
        write!(out, ", buffers of {} bytes", host.socket_buffer)?;
    }
    for (net, via) in &host.statics {
        write!(out, ", {net} via {via}")?;
    }
    writeln!(out)
}

fn write_indented(config: &str, out: &mut String) -> fmt::Result {
    config
        .lines()
        .try_for_each(|line| if line.is_empty() { writeln!(out) } else { writeln!(out, "    {line}") })
}

fn joined<T: Display>(things: &[T]) -> String {
    things.iter().map(T::to_string).collect::<Vec<_>>().join(" ")
}

/// What a link does to packets; loss and the like in packets of a million.
struct InWords<'a>(&'a Quality);

impl Display for InWords<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let quality = self.0;
        write!(f, "delay {} s", quality.delay)?;
        if quality.jitter.0 > 0 {
            write!(f, ", jitter {} s", quality.jitter)?;
        }
        let parts = [
            ("loss", quality.loss),
            ("duplication", quality.duplication),
            ("reordering", quality.reordering),
            ("corruption", quality.corruption),
        ];
        for (what, millionths) in parts.into_iter().filter(|(_, millionths)| *millionths > 0) {
            write!(f, ", {what} {millionths} ppm")?;
        }
        if let Some(bandwidth) = quality.bandwidth {
            write!(f, ", {bandwidth} bit/s")?;
        }
        Ok(())
    }
}
