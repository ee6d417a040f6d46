//! Writes what we know to be well formed into `corpus/` of this crate, for libFuzzer to start from.

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    for (target, seeds) in arengo_fuzz::seeds::all() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("corpus")
            .join(target);
        fs::create_dir_all(&folder)?;
        for (number, seed) in seeds.iter().enumerate() {
            fs::write(folder.join(format!("seed-{number}")), seed)?;
        }
    }
    Ok(())
}
