//! Everything that is of one architecture: instructions, the types of relocations, and how code is patched.
//!
//! [`Arch`] is what an architecture has to offer, with the traits behind its associated types: all of it is in this file. A
//! second architecture is a type that implements it, in a folder of its own, with a line in [`Machine`] and in
//! [`for_machine`]; the compiler says what is missing.
//!
//! The machine is read once, where a file is parsed, and stays with the object. What reads code is generic over [`Arch`],
//! and whoever has the object chooses the type by [`for_machine`] before the first instruction: there is no choice and no
//! virtual call inside of a walk.
//!
//! The second readings (`prove`, `attest`, `image::proof`) share the decoder and the types of relocations; what else they
//! know of an architecture is in a file of their own, named after it.

mod decoded;
mod feature;
mod field;
mod operands;
mod relocation;
mod text;
mod values;
mod x86_64;

use std::ops::Range;

use object::elf;

pub(crate) use decoded::{Decoded, Form};
pub(crate) use feature::Feature;
pub(crate) use field::{InstructionField, Mask};
pub(crate) use operands::{Access, DisplacementUse, Operands};
pub use relocation::RelocKind;
pub(crate) use text::{FieldNames, InstructionText};
pub(crate) use values::{Carried, CodeContext, TakingCall};
pub(crate) use x86_64::X86_64;

/// The architectures whose objects are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Machine {
    X86_64,
}

impl Machine {
    /// That of a file whose header says `machine` (`e_machine`).
    pub(crate) fn of(machine: elf::Machine) -> Option<Self> {
        [Self::X86_64].into_iter().find(|known| for_machine!(*known, A => A::ELF) == machine)
    }
}

/// `for_machine!(machine, A => …)`: what is behind the arrow, where `A` is the [`Arch`] of a [`Machine`].
macro_rules! for_machine {
    ($machine:expr, $arch:ident => $run:expr) => {
        match $machine {
            $crate::arch::Machine::X86_64 => {
                type $arch = $crate::arch::X86_64;
                $run
            }
        }
    };
}
pub(crate) use for_machine;

/// An architecture.
///
/// Code is passed as bytes, and places in it as addresses or as offsets from its start, as each function says. Code can be
/// any bytes: what is no instruction is none of what is asked for.
pub(crate) trait Arch: Sized + 'static {
    /// What the header of ELF files says (`e_machine`).
    const ELF: elf::Machine;

    /// Whether sections of this type, which only this machine has, hold bytes of the program.
    fn is_bytes(section: elf::SectionType) -> bool;

    // Decoding.

    /// Goes over instructions one by one.
    type Instructions<'a>: Instructions<'a>;

    /// Whether control goes on behind the instruction at the start of `code`. After a call it does where the compiler does
    /// not know better, which nothing here can tell. What enters the kernel or a hypervisor comes back.
    fn runs_on(code: &[u8]) -> bool;

    /// Whether the instruction at the start of `code` traps. A handler of the kernel's can go on behind it.
    fn traps(code: &[u8]) -> bool;

    /// The bytes of an opcode.
    type Opcode: AsRef<[u8]> + Copy + Eq;

    /// What a direct branch does, wherever it goes: its bytes without `distance`, the field that says where. Encodings that
    /// differ in how far they reach have one. Before it, how many bytes at the start of `branch` are prefixes.
    fn opcode(branch: &[u8], distance: InstructionField) -> (usize, Self::Opcode);

    /// The instruction at the start of `code`, which lies at `ip`, in the syntax of the kernel's assembler.
    fn text(code: &[u8], ip: u64, names: FieldNames) -> InstructionText;

    // Padding.

    /// How many bytes at the start of `code` are NOPs.
    fn padding(code: &[u8]) -> usize;

    /// Whether linkers and compilers put `byte` between functions, where it is no instruction that anybody runs.
    fn fills(byte: u8) -> bool;

    /// Whether `code` is nothing but the NOPs that compilers put in front of functions for those who patch them.
    fn is_room(code: &[u8]) -> bool;

    // Relocations.

    /// What a relocation of this type computes.
    fn relocation(kind: u32) -> RelocKind;

    /// The type of that of a direct call or jump.
    const BRANCH: u32;
    /// The type of an address of 64 bits in data.
    const ADDRESS: u32;

    /// Whether the field at `field` of `code` is the distance of a direct call or jump, as [`Self::BRANCH`] fills it. `code`
    /// can start and end elsewhere than an instruction does.
    fn is_branch(code: &[u8], field: usize) -> bool;

    /// Whether an instruction of `code` may refer to one of `before` bytes in front of it, or of `behind` bytes behind it, by
    /// how far that is from the instruction, and without a relocation. Of some code it says so that has none.
    fn may_lead_out(code: &[u8], before: u64, behind: u64) -> bool;

    // How the kernel patches code.

    /// A direct call to nowhere yet, such as ftrace's at the entry of a function.
    const CALL: &'static [u8];
    /// Where its distance goes.
    const CALL_DISTANCE: InstructionField;
    /// The NOP that takes the place of a call.
    const NO_CALL: &'static [u8];

    /// Whether `code` starts with a direct call.
    fn is_call(code: &[u8]) -> bool;

    /// How long the direct jump is that `code` starts with, if it is one without a condition: that of a jump label.
    fn jump(code: &[u8]) -> Option<u8>;

    /// The NOP that takes the place of a jump of that length.
    fn no_jump(length: u8) -> &'static [u8];

    /// What an indirect branch must meet, where the kernel tracks them.
    const LANDING: &'static [u8];

    /// Whether calling the kernel's function of this name is calling what a register holds: a thunk.
    fn is_thunk(name: &str) -> bool;

    /// What a processor must have or lack, by the fields of an alternative that say so (`struct alt_instr`). None of what
    /// has no such meaning.
    fn feature(fields: &[u8]) -> Option<Feature>;

    // How values travel.

    /// What loads an address as the first argument starts with one of these; the address follows, and ends it.
    const LOADS_OF_FIRST: &'static [&'static [u8]];

    /// The call that gets what the first instruction of `code` loads as an argument. Nothing where control can go elsewhere
    /// before, or where that instruction does not load one.
    fn taken(code: &[u8]) -> Option<TakingCall>;

    /// What is done with the address that the instruction at `start` of the function `code` takes. None if it takes none into
    /// a register. `leaves` says of start and end of a jump that it has a relocation: it leads to another function.
    fn carried(code: &[u8], start: u64, leaves: impl Fn(u64, u64) -> bool) -> Option<Carried>;

    /// The same of what the call that ends at `end` returns.
    fn result(code: &[u8], end: u64, leaves: impl Fn(u64, u64) -> bool) -> Carried;

    /// What is known of indexes.
    type Bounds<'a>: Bounds<'a>;

    /// What is known of registers that hold how far the variables of a processor are away.
    type Distances: Distances<Self>;

    /// The kernel's variables that such a distance is loaded from.
    const DISTANCES: &'static [&'static [u8]];
}

/// Bytes that are no instruction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Undecodable;

/// The instructions of a stretch of code, decoded as far as they are asked for. Questions are about the one that
/// [`Iterator::next`] has given last.
pub(crate) trait Instructions<'a>: Iterator<Item = Result<Decoded, Undecodable>> {
    /// Those of `code`, which starts at `ip`.
    fn new(code: &'a [u8], ip: u64) -> Self;

    /// Those of the first `len` bytes of `ahead`, which starts at `ip`. It is faster to see some bytes more.
    fn at_start(ahead: &'a [u8], len: usize, ip: u64) -> Self;

    /// Takes common instructions, each with what is plain about it: no branch, no NOP, nothing relative to the
    /// next one. Ends at the first other one, or at one that reaches behind `limit`. `take` gets bytes from
    /// the start of each, its length, and its offset in the code.
    fn plain(&mut self, limit: usize, take: impl FnMut(&[u8; 16], usize, usize));

    /// Where the instruction is: from its first byte to behind its last.
    fn place(&self) -> Range<u64>;

    /// How far all of them have come, as an offset in the code.
    fn offset(&self) -> usize;

    /// Its operands. Few instructions have an address in them.
    fn operands(&mut self) -> Operands;

    /// Where the distance of a direct branch is.
    fn distance(&mut self) -> Option<InstructionField>;

    /// What it does with the address in its displacement.
    fn reach(&mut self) -> DisplacementUse;

    /// Whether it takes the address in its memory operand, whatever is added.
    fn takes_address(&mut self) -> bool;

    /// Whether it writes an immediate to memory other than the stack.
    fn stores(&mut self) -> bool;

    /// Whether it reads a register from memory, and nothing else.
    fn loads(&mut self) -> bool;

    /// How far behind what its registers say the memory is that it uses.
    fn displacement(&mut self) -> u64;

    /// Whether it returns, or jumps to where a register says.
    fn leaves(&mut self) -> bool;

    /// Whether it compares with its immediate.
    fn compares(&mut self) -> bool;

    /// Whether it writes a register in which functions get their arguments.
    fn sets_argument(&mut self) -> bool;
}

/// What a stretch of code tells of how far its indexes go.
pub(crate) trait Bounds<'a>: Sized {
    /// That of the code in `bytes`, which lies at `start`. None if control can come to any place of it, since it jumps to an
    /// address that it adds up: a table of distances does not say where it leads.
    fn new(bytes: &[u8], start: u64, outside: &'a dyn CodeContext) -> Option<Self>;

    /// Which bytes the instruction at `at` can use, counted from the address in its displacement. None if that is not known.
    fn reach(&self, at: u64) -> Option<Range<i64>>;
}

/// Registers that hold how far the variables of a processor are from where the linker has them.
pub(crate) trait Distances<A: Arch> {
    /// Nothing is known.
    fn new() -> Self;

    /// Control can come here from elsewhere.
    fn forget(&mut self);

    /// How many bytes the last instruction uses where its displacement says, if it adds such a distance and nothing else.
    fn used(&self, instructions: &mut A::Instructions<'_>) -> Option<u16>;

    /// Goes over the last instruction. `loads` says that its memory operand is such a distance.
    fn step(&mut self, instructions: &mut A::Instructions<'_>, loads: bool);
}
