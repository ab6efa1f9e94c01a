//! Captured packets in a file that Wireshark and tcpdump read (the classic format: a header, then records).

use std::io::{self, Write};

use super::Micros;

/// What says that times are in microseconds; it also says in which order bytes stand.
const MAGIC: u32 = 0xa1b2_c3d4;
/// Major and minor version of the format.
const VERSION: (u16, u16) = (2, 4);
/// LINKTYPE_RAW: each packet begins with its IPv4 or IPv6 header.
const LINKTYPE_RAW: u32 = 101;
/// Bytes of a packet that are kept at most; no IP packet without extension headers is longer.
const SNAP_LENGTH: usize = 65_575;

/// A capture that is being written. The same packets give the same bytes on every machine.
#[derive(Debug)]
pub struct Pcap<W: Write> {
    out: W,
}

impl<W: Write> Pcap<W> {
    /// Begins a capture.
    ///
    /// # Errors
    /// What the writer says.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(&MAGIC.to_le_bytes())?;
        out.write_all(&VERSION.0.to_le_bytes())?;
        out.write_all(&VERSION.1.to_le_bytes())?;
        // Time zone and accuracy, both unused everywhere.
        out.write_all(&[0; 8])?;
        out.write_all(&clamped(SNAP_LENGTH as u64))?;
        out.write_all(&LINKTYPE_RAW.to_le_bytes())?;
        Ok(Self { out })
    }

    /// Adds an IP packet. Times show as seconds since 1970.
    ///
    /// # Errors
    /// What the writer says.
    pub fn packet(&mut self, at: Micros, packet: &[u8]) -> io::Result<()> {
        let kept = packet.get(..SNAP_LENGTH).unwrap_or(packet);
        self.out.write_all(&clamped(at.as_secs()))?;
        self.out.write_all(&clamped(at.0 % 1_000_000))?;
        self.out.write_all(&clamped(kept.len() as u64))?;
        self.out.write_all(&clamped(packet.len() as u64))?;
        self.out.write_all(kept)
    }

    /// Writes what is still buffered.
    ///
    /// # Errors
    /// What the writer says.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// A field of 32 bits.
fn clamped(number: u64) -> [u8; 4] {
    u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes()
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::process::{Command, Stdio};

    use super::*;

    /// An IPv4 packet without content, from 192.0.2.1 to 192.0.2.2, with a protocol that nobody uses.
    const PACKET: [u8; 20] = [0x45, 0, 0, 20, 0, 0, 0, 0, 64, 253, 0xf5, 0xec, 192, 0, 2, 1, 192, 0, 2, 2];

    fn capture() -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut pcap = Pcap::new(&mut bytes).unwrap();
        pcap.packet(Micros(3_000_007), &PACKET).unwrap();
        pcap.flush().unwrap();
        bytes
    }

    #[test]
    fn header_and_record() {
        let expected = [
            &[0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x27, 0, 1, 0, 101, 0, 0, 0][..],
            &[3, 0, 0, 0, 7, 0, 0, 0, 20, 0, 0, 0, 20, 0, 0, 0],
            &PACKET,
        ];
        assert_eq!(capture(), expected.concat());
    }

    #[test]
    fn long_packets_are_cut_and_say_so() {
        let mut bytes = Vec::new();
        Pcap::new(&mut bytes).unwrap().packet(Micros::NEVER, &[0; 70_000]).unwrap();
        let record = &bytes[24..];
        assert_eq!(record[..4], [0xff; 4], "as late as the format can say");
        assert_eq!(record[8..16], [[0x27, 0, 1, 0], 70_000u32.to_le_bytes()].concat());
        assert_eq!(record.len(), 16 + SNAP_LENGTH);
    }

    #[test]
    fn tcpdump_reads_it() {
        let arguments = ["-n", "-tt", "-r", "-"];
        let mut command = Command::new("tcpdump");
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let Ok(mut tcpdump) = command.spawn() else {
            drop(writeln!(io::stderr(), "SKIPPED: tcpdump_reads_it: no tcpdump"));
            return;
        };
        tcpdump.stdin.take().unwrap().write_all(&capture()).unwrap();
        let output = tcpdump.wait_with_output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout);
        assert!(text.starts_with("3.000007 IP 192.0.2.1 > 192.0.2.2:"), "{text}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("RAW"));
    }
}
