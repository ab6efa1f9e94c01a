//! Signed sessions: the files with keys, and what the kernel can and has dropped.

use super::{Facts, Finding};
use crate::config::Model;
use crate::keys::Counts;

const FILES: &str = "password-file";
const MD5: &str = "tcp-md5";
const AO: &str = "tcp-ao";
const ROOM: &str = "net.core.optmem_max";
const DROPPED: &str = "signatures";

/// Bytes that a key takes of what a socket may have (`struct tcp_md5sig_key` and some room for a later Linux).
const KEY: u64 = 160;

pub(super) fn examine(model: &Model, facts: &Facts, found: &mut Vec<Finding>) {
    let count = model.passwords.len() as u64;
    if count > 0 {
        let problem = |text: &String| {
            Finding::problem(
                FILES,
                text,
                "write the key into the file, readable to the daemon, then `crier reload`",
            )
        };
        found.extend(facts.keys.iter().map(problem));
        if facts.keys.is_empty() {
            found.push(Finding::ok(FILES, format!("{count} keys of neighbors and ranges can be read")));
        }
        found.extend(facts.signing.map(|signing| match signing.md5 {
            true => Finding::ok(MD5, "the kernel has TCP MD5 signatures"),
            false => Finding::problem(
                MD5,
                "the kernel has no TCP MD5 signatures: neighbors with a password-file stay down",
                "a kernel with CONFIG_TCP_MD5SIG",
            ),
        }));
        found.extend(facts.signing.map(|signing| {
            let has = if signing.ao { "has" } else { "has no" };
            Finding::ok(AO, format!("the kernel {has} TCP-AO, which this version of crier does not use"))
        }));
        found.extend(room(count, facts));
    }
    let Counts { missing, unexpected, wrong } = facts.dropped;
    if (count > 0 && missing + wrong > 0) || unexpected > 0 {
        let text = format!(
            "since the host started the kernel dropped {missing} segments without a signature, {wrong} with a wrong one, and \
             {unexpected} with one that was not expected"
        );
        found.push(Finding::warning(
            DROPPED,
            text,
            "`crier peers ADDR` of a neighbor that is down says whether they go on",
        ));
    } else if count > 0 {
        found.push(Finding::ok(DROPPED, "the kernel dropped no segment for its signature"));
    }
}

fn room(count: u64, facts: &Facts) -> Option<Finding> {
    let most = *facts.sysctls.get(ROOM)?;
    let wanted = count * KEY;
    Some(if most >= wanted {
        Finding::ok(ROOM, format!("{ROOM} is {most}: {count} keys fit a listener"))
    } else {
        let text =
            format!("{ROOM} is {most}: {count} keys may not fit a listener, and whose do not is not heard");
        Finding::warning(ROOM, text, format!("sysctl -w {ROOM}={wanted}"))
    })
}
