//! The symbol table in an LLVM bitcode object.
//!
//! Formats: the bitstream container of LLVM's "Bitcode File Format", and in it the table of
//! `llvm/Object/IRSymtab.h` (version 3, since LLVM 13), which is there for whoever has no LLVM at hand.

use object::ReadRef;

use super::Binding;

/// How bitcode starts, by itself and behind a header that says where it is.
const MAGIC: &[u8] = b"BC\xc0\xde";
const WRAPPER_MAGIC: &[u8] = b"\xde\xc0\x17\x0b";

/// What the table is called in the container, and the table of its names.
const SYMTAB_BLOCK: u64 = 25;
const STRTAB_BLOCK: u64 = 23;

/// Abbreviations that every block has.
const ENTER_BLOCK: u64 = 1;
const DEFINE_ABBREVIATION: u64 = 2;
const FIRST_OWN_ABBREVIATION: u64 = 4;

/// The encoding of an operand that is bytes.
const BLOB: u64 = 5;

/// The version of the table that is read here.
const VERSION: u32 = 3;

/// Where the header of the table says where symbols are, and the size of one.
const SYMBOLS: usize = 28;
const SYMBOL: usize = 24;

/// Bits of a symbol's flags.
const UNDEFINED: u32 = 1 << 3;
const WEAK: u32 = 1 << 4;
const GLOBAL: u32 = 1 << 10;
const FORMAT_SPECIFIC: u32 = 1 << 11;

/// Names and bindings of what the bitcode object `data` defines; none if it has no table that is known here.
pub(super) fn symbols<'data>(data: impl ReadRef<'data>) -> Option<Vec<(&'data [u8], Binding)>> {
    let mut at = start(data)?;
    let (mut table, mut names) = (None, None);
    while table.is_none() || names.is_none() {
        let block = BitcodeBlock::at(data, at)?;
        match block.id {
            SYMTAB_BLOCK => table = Some(block.blob(data)?),
            // That of the table comes behind it; others may come before.
            STRTAB_BLOCK if table.is_some() => names = Some(block.blob(data)?),
            _ => {}
        }
        at = block.end()?;
    }
    let (table, names) = table.zip(names)?;
    if word(table, 0)? != VERSION {
        return None;
    }
    let from = word(table, SYMBOLS)? as usize;
    let count = word(table, SYMBOLS.checked_add(4)?)? as usize;
    let symbols = table.get(from..from.checked_add(count.checked_mul(SYMBOL)?)?)?;
    let mut defined = Vec::with_capacity(count);
    for symbol in symbols.chunks_exact(SYMBOL) {
        let flags = word(symbol, 20)?;
        if flags & (UNDEFINED | FORMAT_SPECIFIC) != 0 {
            continue;
        }
        let (from, len) = (word(symbol, 0)? as usize, word(symbol, 4)? as usize);
        let name = names.get(from..from.checked_add(len)?)?;
        let binding = match (flags & WEAK != 0, flags & GLOBAL != 0) {
            (true, _) => Binding::Weak,
            (false, true) => Binding::Strong,
            (false, false) => Binding::Local,
        };
        defined.push((name, binding));
    }
    Some(defined)
}

/// Where the container starts: behind its magic number.
fn start<'data>(data: impl ReadRef<'data>) -> Option<u64> {
    let first = data.read_bytes_at(0, 4).ok()?;
    if first != WRAPPER_MAGIC {
        return (first == MAGIC).then_some(4);
    }
    let inner = u64::from(word(data.read_bytes_at(8, 4).ok()?, 0)?);
    (data.read_bytes_at(inner, 4).ok()? == MAGIC).then(|| inner.checked_add(4))?
}

fn word(bytes: &[u8], at: usize) -> Option<u32> {
    let field = bytes.get(at..)?.first_chunk()?;
    Some(u32::from_le_bytes(*field))
}

/// A block at the top of the container.
struct BitcodeBlock {
    id: u64,
    /// How many bits an abbreviation has in it.
    width: u32,
    start: u64,
    size: u64,
}

impl BitcodeBlock {
    /// How many bytes tell what block there is.
    const HEADER: u64 = 8;

    fn at<'data>(data: impl ReadRef<'data>, at: u64) -> Option<Self> {
        let mut bits = Bits::of(data.read_bytes_at(at, Self::HEADER).ok()?);
        if bits.fixed(2)? != ENTER_BLOCK {
            return None;
        }
        let (id, width) = (bits.variable(8)?, bits.variable(4)?);
        bits.align();
        let words = bits.fixed(32)?;
        Some(Self {
            id,
            width: u32::try_from(width).ok().filter(|width| (2..=32).contains(width))?,
            start: at.checked_add(Self::HEADER)?,
            size: words.checked_mul(4)?,
        })
    }

    fn end(&self) -> Option<u64> {
        self.start.checked_add(self.size)
    }

    /// The bytes that the block is there for.
    fn blob<'data>(&self, data: impl ReadRef<'data>) -> Option<&'data [u8]> {
        let mut bits = Bits::of(data.read_bytes_at(self.start, self.size).ok()?);
        let mut is_blob = Vec::new();
        loop {
            match bits.fixed(self.width)? {
                DEFINE_ABBREVIATION => is_blob.push(bits.abbreviation()?),
                own => {
                    let number = usize::try_from(own.checked_sub(FIRST_OWN_ABBREVIATION)?).ok()?;
                    return bits.bytes().filter(|_| is_blob.get(number) == Some(&true));
                }
            }
        }
    }
}

/// A stream of bits, the lowest of each byte first.
struct Bits<'data> {
    bytes: &'data [u8],
    at: usize,
}

impl<'data> Bits<'data> {
    fn of(bytes: &'data [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    /// A number of `width` bits, 32 at most.
    fn fixed(&mut self, width: u32) -> Option<u64> {
        let mut number = 0;
        for bit in 0..width {
            let byte = self.bytes.get(self.at / 8)?;
            number |= u64::from(byte >> (self.at % 8) & 1) << bit;
            self.at = self.at.checked_add(1)?;
        }
        Some(number)
    }

    /// A number in pieces of `width` bits: the highest says whether another one follows.
    fn variable(&mut self, width: u32) -> Option<u64> {
        let more = 1u64.checked_shl(width.checked_sub(1)?)?;
        let mut number = 0u64;
        for piece in 0..8 {
            let bits = self.fixed(width)?;
            let value = bits & more.wrapping_sub(1);
            number |= value.checked_shl(width.checked_sub(1)?.checked_mul(piece)?)?;
            if bits & more == 0 {
                return Some(number);
            }
        }
        None
    }

    /// To the next multiple of 32 bits.
    fn align(&mut self) {
        self.at = self.at.next_multiple_of(32);
    }

    /// A definition of an abbreviation. Says whether it is for a record of a known code, and bytes.
    fn abbreviation(&mut self) -> Option<bool> {
        let count = self.variable(5)?;
        let mut is_blob = count == 2;
        for operand in 0..count {
            let is_literal = self.fixed(1)? == 1;
            if is_literal {
                self.variable(8)?;
                is_blob &= operand == 0;
                continue;
            }
            let encoding = self.fixed(3)?;
            // Numbers have a width.
            if encoding < 3 {
                self.variable(5)?;
            }
            is_blob &= operand == 1 && encoding == BLOB;
        }
        Some(is_blob)
    }

    fn bytes(&mut self) -> Option<&'data [u8]> {
        let len = usize::try_from(self.variable(6)?).ok()?;
        self.align();
        let from = self.at / 8;
        self.bytes.get(from..from.checked_add(len)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of `tests/inputs/bitcode.c`, by clang 19.
    const OBJECT: &[u8] = include_bytes!("../../../tests/golden/bitcode.bc");

    #[test]
    fn symbols_of_an_object() {
        let mut symbols = symbols(OBJECT).unwrap();
        symbols.sort_by_key(|(name, _)| *name);
        let named = |name: &'static str, binding| (name.as_bytes(), binding);
        let wanted = [
            named("by_assembler", Binding::Strong),
            named("common", Binding::Strong),
            named("hidden", Binding::Strong),
            named("local", Binding::Local),
            named("local_by_assembler", Binding::Local),
            named("other_name", Binding::Strong),
            named("variable", Binding::Local),
            named("weak", Binding::Weak),
        ];
        assert_eq!(symbols, wanted);
    }

    #[test]
    fn behind_a_header() {
        let mut wrapped = WRAPPER_MAGIC.to_vec();
        let size = u32::try_from(OBJECT.len()).unwrap();
        for word in [0, 20, size, 7] {
            wrapped.extend_from_slice(&word.to_le_bytes());
        }
        wrapped.extend_from_slice(OBJECT);
        assert_eq!(symbols(wrapped.as_slice()), symbols(OBJECT));
    }

    #[test]
    fn whatever_is_damaged_is_not_read_and_no_panic() {
        for length in 0..OBJECT.len() {
            assert_eq!(symbols(&OBJECT[..length]), None, "{length} bytes");
        }
        for at in 0..OBJECT.len() {
            for bit in 0..8 {
                let mut damaged = OBJECT.to_vec();
                damaged[at] ^= 1 << bit;
                let _ = symbols(damaged.as_slice());
            }
        }
    }
}
