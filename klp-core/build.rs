//! Tabulates what iced-x86 says about the start of an instruction, for `src/arch/x86_64/common.rs`.

#![expect(clippy::disallowed_methods, reason = "cargo says in the environment where to write")]

#[path = "src/arch/decoded.rs"]
mod decoded;
#[path = "src/arch/x86_64/form.rs"]
mod form;
#[expect(dead_code, reason = "how an entry is read")]
#[path = "src/arch/x86_64/row.rs"]
mod row;

use std::error::Error;
use std::path::Path;

use iced_x86::{Decoder, DecoderOptions, Instruction};

use decoded::{Decoded, Form};
use row::{BASELESS, OPCODES, Sort, opcode_index};

/// What can stand where displacement and immediate are. No length may depend on it.
const TAILS: [[u8; 11]; 2] =
    [[0; 11], [0x8d, 0xff, 0x0f, 0x45, 0x71, 0x9c, 0xe4, 0x66, 0x48, 0x0f, 0x05]];

/// Bytes that are no opcode, but have one behind them.
const PREFIXES: [u8; 14] =
    [0x26, 0x2e, 0x36, 0x3e, 0x62, 0x64, 0x65, 0x66, 0x67, 0xc4, 0xc5, 0xf0, 0xf2, 0xf3];

/// The REX prefix, as far as lengths depend on it.
#[derive(Clone, Copy)]
enum Rex {
    None,
    Narrow,
    Wide,
}

/// Whether the opcode is behind `0f`.
#[derive(Clone, Copy, PartialEq)]
enum Escape {
    None,
    Two,
}

fn main() -> Result<(), Box<dyn Error>> {
    // Most opcodes have their row in common with many. The first says nothing.
    let mut rows = vec![[0; 256]];
    let mut opcodes = [0; OPCODES];
    for rex in [Rex::None, Rex::Narrow, Rex::Wide] {
        for escape in [Escape::None, Escape::Two] {
            for opcode in (0..=255).filter(|opcode| is_opcode(escape, *opcode)) {
                let mut row = [0; 256];
                for (entry, modrm) in row.iter_mut().zip(0..=255) {
                    *entry = self::entry(rex, escape, opcode, modrm).unwrap_or(0);
                }
                let known = rows.iter().position(|known| *known == row);
                let number = known.unwrap_or(rows.len());
                if known.is_none() {
                    rows.push(row);
                }
                opcodes[opcode_index(rex as usize, escape as usize, opcode)] =
                    u8::try_from(number)?;
            }
        }
    }
    let out = std::env::var_os("OUT_DIR").ok_or("cargo names no directory")?;
    std::fs::write(Path::new(&out).join("opcodes.bin"), opcodes)?;
    std::fs::write(Path::new(&out).join("rows.bin"), rows.concat())?;
    for file in ["build.rs", "src/arch/x86_64/form.rs", "src/arch/x86_64/row.rs"] {
        println!("cargo:rerun-if-changed={file}");
    }
    Ok(())
}

fn is_opcode(escape: Escape, byte: u8) -> bool {
    match escape {
        Escape::None => !PREFIXES.contains(&byte) && byte & 0xf0 != 0x40 && byte != 0x0f,
        Escape::Two => !matches!(byte, 0x0f | 0x38 | 0x3a),
    }
}

/// The entry for all instructions that start so, if they are of one sort and nothing but the `SIB` byte of an
/// address without a base has a say in their length.
fn entry(rex: Rex, escape: Escape, opcode: u8, modrm: u8) -> Option<u8> {
    let (sort, len) = one(rex, escape, opcode, modrm, [0x20, 0xe7])?;
    let baseless = one(rex, escape, opcode, modrm, [0x25, 0xed])?;
    let entry = (sort as u8) << 4 | len;
    if baseless == (sort, len) {
        Some(entry)
    } else {
        (modrm & 0xc7 == 4 && baseless == (sort, len + 4)).then_some(entry | BASELESS)
    }
}

/// Sort and length, from the opcode on, of all that start so with one of `sibs` behind.
fn one(rex: Rex, escape: Escape, opcode: u8, modrm: u8, sibs: [u8; 2]) -> Option<(Sort, u8)> {
    let prefixes: &[Option<u8>] = match rex {
        Rex::None => &[None],
        Rex::Narrow => &[Some(0x40), Some(0x41), Some(0x46), Some(0x47)],
        Rex::Wide => &[Some(0x48), Some(0x49), Some(0x4e), Some(0x4f)],
    };
    let escape = (escape == Escape::Two).then_some(0x0f);
    let mut known = None;
    for prefix in prefixes {
        let head = prefix.iter().chain(&escape);
        for sib in sibs {
            for tail in TAILS {
                let start = [opcode, modrm, sib];
                let bytes = head.clone().chain(&start).chain(&tail);
                let mut code = [0; 16];
                code.iter_mut().zip(bytes).for_each(|(byte, value)| *byte = *value);
                let (sort, len) = told(&code)?;
                let this = (sort, len.checked_sub(u8::try_from(head.clone().count()).ok()?)?);
                if *known.get_or_insert(this) != this {
                    return None;
                }
            }
        }
    }
    known
}

/// Sort and length of the instruction at the start of `code`.
fn told(code: &[u8]) -> Option<(Sort, u8)> {
    let mut instruction = Instruction::default();
    Decoder::new(64, code, DecoderOptions::NONE).decode_out(&mut instruction);
    if instruction.is_invalid() || instruction.is_ip_rel_memory_operand() {
        return None;
    }
    let decoded = Decoded::of(&instruction, code);
    let sort = match (decoded.form, decoded.ends_flow) {
        // Those that are an opcode and a distance.
        (Form::Branch { .. }, _) => {
            let plain = matches!(
                (code, decoded.len),
                ([0x70..=0x7f | 0xeb, ..], 2)
                    | ([0xe8 | 0xe9, ..], 5)
                    | ([0x0f, 0x80..=0x8f, ..], 6)
            );
            plain.then_some(Sort::Branch)?
        }
        (Form::Plain, true) => Sort::End,
        (Form::Plain, false) => Sort::Plain,
        (Form::Nop, _) => Sort::Nop,
    };
    Some((sort, decoded.len))
}
