//! Writes the inputs that fuzzing begins with: `cargo run --example seeds FOLDER [MESSAGES]`, a folder in FOLDER for each target. MESSAGES is what
//! `CRIER_CONDUCT_MESSAGES=MESSAGES cargo test -p crier-core --test conduct` has written. The same input has the same name each
//! time.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let Some(folder) = arguments.next() else {
        return Err(std::io::Error::other("usage: cargo run --example seeds FOLDER [MESSAGES]"));
    };
    let mut seeds = crier_fuzz::seeds::own();
    if let Some(messages) = arguments.next() {
        let listing = std::fs::read_dir(messages)?;
        let mut paths = listing.map(|entry| Ok(entry?.path())).collect::<std::io::Result<Vec<_>>>()?;
        paths.sort();
        for path in paths {
            seeds.extend(crier_fuzz::seeds::of_conduct(&std::fs::read(path)?));
        }
    }
    for (target, bytes) in seeds {
        let folder = Path::new(&folder).join(target);
        std::fs::create_dir_all(&folder)?;
        std::fs::write(folder.join(name(&bytes)), &bytes)?;
    }
    Ok(())
}

/// FNV-1a, 64 bits.
fn name(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xCBF2_9CE4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    });
    format!("{hash:016x}")
}
