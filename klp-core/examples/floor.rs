//! The least that a checksum pass can cost: maps an object, parses it, decodes and hashes the code of each
//! function on all threads, and nothing else. `cargo xtask bench` runs it beside `cargo klp checksum`.

#![expect(clippy::print_stdout, reason = "it prints one digest, so that nothing is optimized away")]

use std::io::{Error, Result};

use iced_x86::{Decoder, DecoderOptions, Instruction};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SymbolKind};
use rayon::prelude::*;

fn main() -> Result<()> {
    let path = std::env::args_os().nth(1).ok_or_else(|| Error::other("usage: floor OBJECT"))?;
    let input = klp_core::input::Input::open(path.as_ref())?;
    let file = object::File::parse(&*input).map_err(Error::other)?;
    let mut functions = Vec::new();
    for symbol in file.symbols().filter(|symbol| symbol.kind() == SymbolKind::Text) {
        let section = symbol.section_index().and_then(|index| file.section_by_index(index).ok());
        let code =
            section.and_then(|section| section.data_range(symbol.address(), symbol.size()).ok()?);
        functions.extend(code);
    }
    let digest = functions
        .par_iter()
        .with_min_len(64)
        .map(|code| {
            let mut instruction = Instruction::default();
            let mut decoder = Decoder::new(64, code, DecoderOptions::NONE);
            let mut lengths = 0;
            while decoder.can_decode() {
                decoder.decode_out(&mut instruction);
                lengths ^= instruction.len() as u64;
            }
            let hash = blake3::hash(code);
            let [a, b, c, d, ..] = *hash.as_bytes();
            u64::from(u32::from_le_bytes([a, b, c, d])).wrapping_add(lengths)
        })
        .reduce(|| 0, u64::wrapping_add);
    println!("{digest:016x} of {} functions", functions.len());
    Ok(())
}
