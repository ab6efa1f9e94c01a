//! Commands that change something. Each answers with one sentence, or with why not and what to do.

use std::net::IpAddr;

use crier_core::speaker::Clear;
use crier_core::{Millis, PeerId, Speaker};

use super::{Daemon, Now};
use crate::control::protocol::{Announce, Command, Soft};
use crate::keys::Held;
use crate::reason;
use crate::text;

/// Bytes of the longest shutdown communication (RFC 9003, 2).
const MAX_MESSAGE: usize = 255;

impl Daemon {
    /// Does what `command` says. `None` if it is not one of those that change something here: it asks, or reloads.
    pub(crate) fn execute(
        &mut self,
        speaker: &mut Speaker<'_>,
        now: Now,
        command: &Command,
    ) -> Option<Result<String, String>> {
        Some(match command {
            Command::Clear { peer, soft } => clear(speaker, now, *peer, *soft),
            Command::Shutdown { peer, message } => self.shutdown(speaker, now, *peer, message),
            Command::Enable { peer } => self.enable(speaker, now, *peer),
            Command::Drain { wait_ms } => Ok(drain(speaker, now, *wait_ms)),
            Command::Undrain {} => undrain(speaker),
            Command::Announce(request) => self.announce(speaker, now, request),
            Command::Withdraw { prefix, owner } => {
                self.sources.withdraw(now.at, *prefix, owner.as_deref(), speaker).map(|()| {
                    self.withdrawn(now, &prefix.to_string(), self.sources.config().contains_key(prefix))
                })
            }
            _ => return None,
        })
    }

    fn shutdown(
        &mut self,
        speaker: &mut Speaker<'_>,
        now: Now,
        address: IpAddr,
        message: &str,
    ) -> Result<String, String> {
        if message.len() > MAX_MESSAGE {
            return Err(format!("the message has {} bytes; {MAX_MESSAGE} fit (RFC 9003)", message.len()));
        }
        let peer = find(speaker, address)?;
        speaker.shutdown(now.at, peer, message).map_err(|error| refused(address, error))?;
        self.shut.insert(address, message.to_owned());
        Ok(format!("{address} is shut down {}; `crier enable {address}` lets it back", self.keep(now)))
    }

    fn enable(&mut self, speaker: &mut Speaker<'_>, now: Now, address: IpAddr) -> Result<String, String> {
        let was_shut = self.shut.remove(&address).is_some();
        if was_shut {
            self.keep(now);
        }
        if let Some(trouble) =
            self.keys.of(address, false).filter(|held| held.is_locked()).and_then(Held::trouble)
        {
            return Err(format!("{address} stays down: {trouble}"));
        }
        match speaker.find_peer(address) {
            Some(peer) => speaker.enable(now.at, peer).map_err(|error| refused(address, error))?,
            // It was kept down while it was not even configured.
            None if was_shut => {}
            None => return Err(no_such_peer(address)),
        }
        Ok(format!("{address} is enabled"))
    }

    fn announce(
        &mut self,
        speaker: &mut Speaker<'_>,
        now: Now,
        request: &Announce,
    ) -> Result<String, String> {
        self.sources.announce(now.at, request.clone(), speaker)?;
        self.control_at = now.at;
        let prefix = request.prefix;
        let kept = self.keep(now);
        Ok(match request.ttl_ms {
            Some(ms) => format!("{prefix} is announced for {}, {kept}", text::span(ms)),
            None => format!("{prefix} is announced {kept}"),
        })
    }

    fn withdrawn(&mut self, now: Now, prefix: &str, configured: bool) -> String {
        self.control_at = now.at;
        self.keep(now);
        if configured {
            format!("{prefix} is announced as the configuration has it again")
        } else {
            format!("{prefix} is withdrawn")
        }
    }
}

fn drain(speaker: &mut Speaker<'_>, now: Now, wait_ms: u64) -> String {
    if speaker.drained() {
        return "drained: everything is withdrawn already; `crier undrain` announces it again".to_owned();
    }
    speaker.drain(now.at, Millis(wait_ms));
    format!(
        "draining: everything is announced with graceful-shutdown now and withdrawn in {}; `crier undrain` ends it",
        text::span(wait_ms)
    )
}

fn undrain(speaker: &mut Speaker<'_>) -> Result<String, String> {
    if !speaker.draining() {
        return Err("nothing is being drained".to_owned());
    }
    speaker.undrain();
    Ok("everything is announced as before".to_owned())
}

fn clear(speaker: &mut Speaker<'_>, now: Now, address: IpAddr, soft: Option<Soft>) -> Result<String, String> {
    let peer = find(speaker, address)?;
    let (how, done) = match soft {
        None => (Clear::Hard, "the session is reset"),
        Some(Soft::In) => (Clear::SoftIn, "its routes are asked for again"),
        Some(Soft::Out) => (Clear::SoftOut, "everything is announced to it again"),
    };
    speaker.clear(now.at, peer, how).map_err(|error| refused(address, error))?;
    Ok(format!("{address}: {done}"))
}

fn find(speaker: &Speaker<'_>, address: IpAddr) -> Result<PeerId, String> {
    speaker.find_peer(address).ok_or_else(|| no_such_peer(address))
}

/// The answer for an address that no neighbor has.
pub(crate) fn no_such_peer(address: IpAddr) -> String {
    format!("there is no neighbor {address}; `crier peers` lists them")
}

fn refused(address: IpAddr, error: crier_core::speaker::CommandError) -> String {
    format!("{address}: {}", reason::command_error(error))
}
