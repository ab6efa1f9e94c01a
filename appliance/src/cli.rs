//! The command line.

mod ask;
mod convert;
mod local;
mod output;

use std::ffi::OsString;
use std::io::Write;
use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use crate::control::protocol::Soft;

pub use local::Programs;

/// Where the configuration is looked for.
pub const DEFAULT_CONFIG: &str = "/etc/crier/crier.toml";
/// Where the daemon is looked for.
pub const DEFAULT_SOCKET: &str = "/run/crier/crier.sock";

/// Done.
pub const DONE: u8 = 0;
/// Refused or failed; a line on stderr says why and what to do.
pub const FAILED: u8 = 1;
/// Bad usage.
pub const USAGE: u8 = 2;
/// No daemon answers on the socket.
pub const NO_DAEMON: u8 = 3;

/// A small BGP speaker for routers, load-balancer appliances and Kubernetes nodes.
#[derive(Debug, Parser)]
#[command(
    name = "crier",
    version,
    after_help = "Exit codes: 0 done, 1 refused or failed, 2 bad usage, 3 no daemon answers."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon, in the foreground
    Run {
        #[command(flatten)]
        config: Config,
        /// Keep every input in FILE, so that the run can be repeated elsewhere
        #[arg(long, value_name = "FILE")]
        record: Option<PathBuf>,
    },
    /// Validate the configuration and print what memory it takes
    Check(Config),
    /// Show the whole thing on loopback, without root: a top-of-rack speaker and three nodes
    Demo,
    /// List neighbors, or show everything about one
    Peers {
        /// The neighbor
        #[arg(value_name = "ADDR")]
        peer: Option<IpAddr>,
        #[command(flatten)]
        read: Read,
    },
    /// List routes: [available|advertised|received|best] [FAMILY] [PREFIX]
    Routes {
        /// A form (default: available), a family (ipv4-unicast or ipv6-unicast), a prefix or an address
        #[arg(value_name = "FORM|FAMILY|PREFIX")]
        words: Vec<String>,
        /// Those from this neighbor; with `advertised`, those announced to it
        #[arg(long, value_name = "ADDR")]
        peer: Option<IpAddr>,
        #[command(flatten)]
        read: Read,
    },
    /// Show each step that chose, refused, installed, announced or held back a prefix
    Why {
        /// A prefix, or an address for the longest prefix with it
        prefix: String,
        /// Only what concerns this neighbor
        #[arg(long, value_name = "ADDR")]
        peer: Option<IpAddr>,
        #[command(flatten)]
        read: Read,
    },
    /// Show the policies in force
    Policies {
        /// Those of this neighbor
        #[arg(long, value_name = "ADDR")]
        peer: Option<IpAddr>,
        #[command(flatten)]
        read: Read,
    },
    /// Show limits and use of every table, uptime, kernel routes, sources
    Status {
        #[command(flatten)]
        read: Read,
    },
    /// Show what happened
    Events {
        /// Stay, and show what happens next
        #[arg(long, short)]
        follow: bool,
        #[command(flatten)]
        read: Read,
    },
    /// Show what on this host would bite
    Doctor {
        #[command(flatten)]
        config: Config,
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Make a daemon read its configuration again
    Reload(Target),
    /// Reset a neighbor's session
    Clear {
        /// The neighbor
        peer: IpAddr,
        /// Without ending the session: ask for its routes again, or announce ours again
        #[arg(long, value_name = "in|out")]
        soft: Option<Soft>,
        #[command(flatten)]
        target: Target,
    },
    /// End a neighbor's session and keep it down
    Shutdown {
        /// The neighbor
        peer: IpAddr,
        /// What its operator is told
        #[arg(long, default_value = "", hide_default_value = true, value_name = "TEXT")]
        message: String,
        #[command(flatten)]
        target: Target,
    },
    /// Let a neighbor come back that was shut down or closed by its limit
    Enable {
        /// The neighbor
        peer: IpAddr,
        #[command(flatten)]
        target: Target,
    },
    /// Ask every neighbor to prefer others, then withdraw everything
    Drain {
        /// Time before the withdrawal
        #[arg(long, default_value = "30s", value_parser = crate::text::parse_span)]
        wait: u64,
        #[command(flatten)]
        target: Target,
    },
    /// End draining
    Undrain(Target),
    /// Originate a route
    Announce {
        /// The prefix
        #[arg(value_parser = crate::control::protocol::parse_prefix)]
        prefix: ipnet::IpNet,
        /// next-hop=A med=N local-pref=N community=A:B large-community=A:B:C
        #[arg(value_name = "KEY=VALUE")]
        attributes: Vec<String>,
        /// A lease: the route ends by itself unless it is announced again before
        #[arg(long, value_name = "SPAN", value_parser = convert::lease)]
        ttl: Option<u64>,
        /// Who announces it: nobody else may change or withdraw it
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Stop originating a route that was announced
    Withdraw {
        /// The prefix
        #[arg(value_parser = crate::control::protocol::parse_prefix)]
        prefix: ipnet::IpNet,
        /// Who announced it
        #[arg(long, value_name = "NAME")]
        owner: Option<String>,
        #[command(flatten)]
        target: Target,
    },
    /// Turn a foreign configuration into a crier.toml (not supported by this version)
    Import {
        /// frr, gobgp, bird or vyos, and the file
        #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
        words: Vec<OsString>,
    },
}

/// Which configuration.
#[derive(Debug, Args)]
struct Config {
    /// The configuration file
    #[arg(long, short, value_name = "FILE", default_value = DEFAULT_CONFIG)]
    config: PathBuf,
}

/// Which daemon.
#[derive(Debug, Args)]
struct Target {
    /// The daemon's control socket (or CRIER_SOCKET; default: /run/crier/crier.sock)
    #[arg(long, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// The BGP instance; [router] of the configuration is `default`
    #[arg(long, value_name = "NAME")]
    instance: Option<String>,
}

/// Which daemon, and how to show what it says.
#[derive(Debug, Args)]
struct Read {
    /// As JSON
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    target: Target,
}

/// Does what the command line says: `args` with the program's name first. Returns the exit code.
pub fn main(args: impl IntoIterator<Item = OsString>, programs: &Programs) -> u8 {
    let cli = match Cli::try_parse_from(args) {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version are such errors too: they go to stdout, with code 0.
            let _ = error.print();
            return if error.use_stderr() { USAGE } else { DONE };
        }
    };
    match local::run(cli.command, programs) {
        Ok(code) => code,
        Err(failure) => {
            if !failure.text.is_empty() {
                let _ = writeln!(std::io::stderr(), "crier: {}", failure.text);
            }
            failure.code
        }
    }
}

/// A command that did not do what it should.
#[derive(Debug)]
struct Failed {
    code: u8,
    /// Why and what to do, in one line; nothing if all was said.
    text: String,
}

impl Failed {
    fn usage(text: impl Into<String>) -> Self {
        Self { code: USAGE, text: text.into() }
    }

    fn refused(text: impl Into<String>) -> Self {
        Self { code: FAILED, text: text.into() }
    }

    /// The reader of our output went away: nothing is left to do, and nothing is wrong.
    fn output(error: &std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { code: DONE, text: String::new() };
        }
        Self::refused(format!("output cannot be written: {error}"))
    }
}
