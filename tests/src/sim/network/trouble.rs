//! What can go wrong, by name.

use super::{Error, Simulation};
use crate::sim::Micros;
use crate::sim::plan::{Fault, FaultKind, KernelFault, Quality};

/// Something that goes wrong, until it is mended.
#[derive(Clone, Copy, Debug)]
pub enum Trouble<'a> {
    /// A link carries nothing. Nobody is told: interfaces stay up.
    Cut {
        /// Which link.
        link: &'a str,
    },
    /// A link carries nothing that comes from this host; the other way it works.
    CutFrom {
        /// Which link.
        link: &'a str,
        /// Whose packets are lost.
        host: &'a str,
    },
    /// A link is worse than before.
    Degrade {
        /// Which link.
        link: &'a str,
        /// How it is meanwhile.
        quality: Quality,
    },
    /// A host has no power: its speaker, its connections and what it forwarded are gone.
    Crash {
        /// Which host.
        host: &'a str,
    },
    /// The speaker is killed; its host closes the connections and keeps forwarding.
    Kill {
        /// Which host.
        host: &'a str,
    },
    /// Each turn of a speaker takes this much time.
    SlowCpu {
        /// Which host.
        host: &'a str,
        /// Time for each turn.
        turn: Micros,
    },
    /// A host's kernel does not do what it is told about routes.
    Kernel {
        /// Which host.
        host: &'a str,
        /// How it fails.
        how: KernelFault,
    },
    /// A speaker no longer reads from its sockets.
    Deaf {
        /// Which host.
        host: &'a str,
    },
    /// A speaker reads slowly: its neighbors stand before full buffers.
    SlowReader {
        /// Which host.
        host: &'a str,
        /// Bytes a second from each connection.
        rate: u32,
    },
    /// A host's clock jumps forward, as after a suspended virtual machine. Over at once.
    ClockJump {
        /// Which host.
        host: &'a str,
        /// By how much.
        by: Micros,
    },
    /// Every connection between two hosts is reset, at both ends. Over at once.
    Reset {
        /// One of them.
        host: &'a str,
        /// The other.
        peer: &'a str,
    },
    /// A host forgets its connections with another one, which is told nothing. Over at once.
    HalfOpen {
        /// Who forgets.
        host: &'a str,
        /// Who is not told.
        peer: &'a str,
    },
}

/// A trouble that has begun.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TroubleId(usize);

impl Simulation {
    /// Lets something go wrong, now and until it is mended.
    ///
    /// # Errors
    /// It is about a host or a link that is not there, or a rule was broken.
    pub fn fault(&mut self, trouble: Trouble<'_>) -> Result<TroubleId, Error> {
        let (kind, lasts) = self.kind(trouble)?;
        let from = self.now();
        let until = if lasts { Micros::NEVER } else { from };
        let number = self.world.inject(Fault { from, until, kind });
        let number = number.map_err(|error| Error::network(error.to_string()))?;
        // It begins in the present instant, not with the next one that is let pass.
        self.run_now()?;
        Ok(TroubleId(number))
    }

    /// Ends a trouble. One that is over already stays so.
    pub fn mend(&mut self, trouble: TroubleId) {
        self.world.mend(trouble.0);
    }

    /// The fault that is meant, and whether it lasts.
    fn kind(&self, trouble: Trouble<'_>) -> Result<(FaultKind, bool), Error> {
        let lasting = match trouble {
            Trouble::Cut { link } => FaultKind::Partition { link: self.link(link)?, from: None },
            Trouble::CutFrom { link, host } => self.cut_from(link, host)?,
            Trouble::Degrade { link, quality } => FaultKind::Degrade { link: self.link(link)?, quality },
            Trouble::Crash { host } => FaultKind::Crash { host: self.host(host)? },
            Trouble::Kill { host } => FaultKind::Kill { host: self.host(host)? },
            Trouble::SlowCpu { host, turn } => FaultKind::SlowCpu { host: self.host(host)?, turn },
            Trouble::Kernel { host, how } => FaultKind::Kernel { host: self.host(host)?, how },
            Trouble::Deaf { host } => FaultKind::Deaf { host: self.host(host)? },
            Trouble::SlowReader { host, rate } => FaultKind::SlowReader { host: self.host(host)?, rate },
            Trouble::ClockJump { host, by } => {
                return Ok((FaultKind::ClockJump { host: self.host(host)?, by }, false));
            }
            Trouble::Reset { host, peer } => {
                return Ok((FaultKind::Reset { host: self.host(host)?, peer: self.host(peer)? }, false));
            }
            Trouble::HalfOpen { host, peer } => {
                return Ok((FaultKind::HalfOpen { host: self.host(host)?, peer: self.host(peer)? }, false));
            }
        };
        Ok((lasting, true))
    }

    fn cut_from(&self, link: &str, host: &str) -> Result<FaultKind, Error> {
        let (number, from) = (self.link(link)?, self.host(host)?);
        let interfaces =
            self.world.hosts().get(from).map(|host| host.interfaces.as_slice()).unwrap_or_default();
        let interface = interfaces.iter().find(|interface| interface.link == number);
        let end =
            interface.ok_or_else(|| Error::network(format!("host {host:?} is not on link {link:?}")))?.end;
        Ok(FaultKind::Partition { link: number, from: Some(end) })
    }
}
