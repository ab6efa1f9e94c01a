//! Speakers that put what they learn into the kernel's routes.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4};

use super::full_table::{ASN, FEEDER_ASN};
use super::table::Table;
use super::target::{Running, Speaker};
use crate::lab::{Namespace, crier_binary};

/// The speaker's end of the link.
pub(super) const ROUTER: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 1);
/// The neighbor that announces the table and is the next hop of all of it.
pub(super) const NEIGHBOR: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::new(198, 18, 0, 2), 17_902);

/// Starts a speaker in this namespace.
pub(super) fn start(speaker: Speaker, router: &Namespace, table: &Table) -> io::Result<Running> {
    let dir = router.dir().join("speaker");
    fs::create_dir_all(&dir)?;
    let file = |name: &str| dir.join(name).to_string_lossy().into_owned();
    let command = match speaker {
        Speaker::Crier | Speaker::Recording => {
            fs::write(file("crier.toml"), crier_configuration(table, &file("crier.sock")))?;
            router.command(&crier_binary(), &["run", "-c", &file("crier.toml")])
        }
        Speaker::Bird => {
            fs::write(file("bird.conf"), bird_configuration())?;
            router.command("bird", &["-f", "-c", &file("bird.conf"), "-s", &file("bird.ctl")])
        }
    };
    Ok(Running::spawn(speaker, command, dir))
}

/// Limits that the table fills.
fn crier_configuration(table: &Table, socket: &str) -> String {
    let (prefixes, sets, bytes) = (table.prefixes, table.updates, table.bytes.len());
    let (address, port) = (NEIGHBOR.ip(), NEIGHBOR.port());
    format!(
        "[router]\nasn = {ASN}\nrouter-id = \"10.0.0.1\"\nlisten = []\nlog = \"warn\"\n\n\
         [limits]\npeers = 2\nconnections = 8\nprefixes = {prefixes}\npaths = {prefixes}\n\
         attribute-sets = {sets}\nattribute-bytes = {bytes}\n\n\
         [control]\nsocket = \"{socket}\"\n\n[kernel]\nmax-routes = {prefixes}\n\n\
         [[neighbor]]\naddress = \"{address}\"\nport = {port}\nremote-asn = {FEEDER_ASN}\n\
         families = [\"ipv4-unicast\"]\nimport = \"accept-all\"\nexport = \"reject-all\"\n\
         max-prefixes = {{ limit = {prefixes}, action = \"close\" }}\n\
         timers = {{ hold = 180, keepalive = 60, connect-retry = 1 }}\n"
    )
}

/// The kernel's own routes stay where they are.
fn bird_configuration() -> String {
    format!(
        "router id 10.0.0.1;\nlog stderr {{ warning, error, fatal, bug }};\nprotocol device {{}}\n\
         protocol kernel {{ ipv4 {{ import none; export all; }}; }}\n\
         protocol bgp feeder {{\n  local {ROUTER} as {ASN};\n  neighbor {} port {} as {FEEDER_ASN};\n  hold time 180;\n  \
         connect delay time 1;\n  connect retry time 1;\n  error wait time 1, 2;\n  \
         ipv4 {{ import all; export none; }};\n}}\n",
        NEIGHBOR.ip(),
        NEIGHBOR.port(),
    )
}
