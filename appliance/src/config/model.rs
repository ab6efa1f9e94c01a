//! A configuration that was checked: owned, and in the core's own terms.

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use crier_core::Limits;
use crier_core::config::{Config, DynamicRange, LocalConfig, PeerConfig};
use crier_core::speaker::LocalRoute;
use crier_io_mio::kernel::Settings;
use ipnet::IpNet;

use super::diagnostic::ConfigDiagnostic;
use super::kernel::Redistribute;
use super::policy::{PolicyModel, with_core_policies};
use super::router_id::RouterIdSource;

/// Everything that a configuration file says, checked whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Model {
    /// The speaker itself.
    pub local: LocalConfig,
    /// Where its BGP identifier comes from.
    pub router_id_source: RouterIdSource,
    /// Addresses to accept sessions on; none: never accept.
    pub listen: Vec<SocketAddr>,
    /// What SIGTERM does.
    pub on_stop: OnStop,
    /// What is logged, as RUST_LOG understands it.
    pub log: String,
    /// Directory for what outlives the process.
    pub state_dir: Option<PathBuf>,
    /// Sizes of the core's tables.
    pub limits: Limits,
    /// BGP instances that Kubernetes resources may define.
    pub instances: u16,
    /// Whether every reserved page is touched at start.
    pub prefault: bool,
    /// The control socket.
    pub control_socket: PathBuf,
    /// What goes into the kernel's routes; `None`: the kernel is left alone.
    pub kernel: Option<Settings>,
    /// Routes of the kernel's that are announced.
    pub redistribute: Vec<Redistribute>,
    /// Configured neighbors, in the file's order.
    pub peers: Vec<PeerConfig>,
    /// Ranges that neighbors are accepted from, in the file's order.
    pub ranges: Vec<DynamicRange>,
    /// What `Settings::tag` stands for: a position in this table.
    pub tags: Vec<Tag>,
    /// Files with keys, of neighbors and of ranges.
    pub passwords: Vec<PasswordFile>,
    /// Routes originated here, in the file's order.
    pub networks: Vec<Network>,
    /// Policies, in the order that `PolicyRef::Named` counts in.
    pub policies: Vec<PolicyModel>,
    /// What `crier check` warns of.
    pub warnings: Vec<ConfigDiagnostic>,
}

impl Model {
    /// Hands the configuration to `use_it` as the core takes it.
    pub fn with_core_config<R>(&self, use_it: impl FnOnce(&Config<'_>) -> R) -> R {
        with_core_policies(&self.policies, |policies| {
            use_it(&Config { local: self.local, peers: &self.peers, ranges: &self.ranges, policies })
        })
    }

    /// This configuration with the BGP identifier that was chosen for the `running` one, where neither names one: an address
    /// that the host gained meanwhile must not reset every session.
    #[must_use]
    pub fn keeping_chosen_router_id(mut self, running: &Self) -> Self {
        let chosen = |model: &Self| model.router_id_source != RouterIdSource::Configured;
        if chosen(&self) && chosen(running) && self.local.asn == running.local.asn {
            self.local.router_id = running.local.router_id;
            self.router_id_source = running.router_id_source;
        }
        self
    }

    /// What a tag of the core's settings stands for.
    pub fn tag(&self, tag: u32) -> Option<&Tag> {
        self.tags.get(usize::try_from(tag).ok()?)
    }
}

/// What is known of a neighbor, or of the neighbors from a group's ranges, beyond what the core needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// Name of its group.
    pub group: Option<String>,
    /// `description`, or nothing.
    pub description: String,
    /// Address of the configured neighbor; `None` for a group's dynamic ones.
    pub neighbor: Option<IpAddr>,
}

/// A file with the key of a neighbor, or of the neighbors from a range. The key itself is not part of the model.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordFile {
    /// The neighbor's address, or the range.
    pub net: IpNet,
    /// Whether it is a range.
    pub dynamic: bool,
    /// The file.
    pub path: PathBuf,
    /// Where the configuration says so, with nothing said about it.
    pub place: ConfigDiagnostic,
}

/// A route originated here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// The prefix.
    pub prefix: IpNet,
    /// Next hop; each session's own address if `None`.
    pub next_hop: Option<IpAddr>,
    /// MULTI_EXIT_DISC.
    pub med: Option<u32>,
    /// LOCAL_PREF.
    pub local_pref: Option<u32>,
    /// Communities (RFC 1997).
    pub communities: Vec<u32>,
    /// Large communities (RFC 8092).
    pub large_communities: Vec<[u32; 3]>,
    /// Only while the kernel has a route for it that is not ours.
    pub if_route: bool,
}

impl Network {
    /// The route as the core takes it.
    pub fn local_route(&self) -> LocalRoute<'_> {
        LocalRoute {
            prefix: self.prefix,
            next_hop: self.next_hop,
            med: self.med,
            local_pref: self.local_pref,
            communities: &self.communities,
            large_communities: &self.large_communities,
        }
    }
}

/// What SIGTERM does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnStop {
    /// Connections close without a word where graceful restart lets peers keep the routes; kernel routes stay.
    Preserve,
    /// Cease / Administrative Shutdown; kernel routes go.
    Withdraw,
}
