//! Everything that is of one architecture: instructions, the types of relocations, and how code is patched.
//!
//! What this file takes from the folder of the architecture is what every architecture has to offer. The second
//! readings (`prove`, `attest`, `image::proof`) share the decoder and the types of relocations; what else they know of
//! an architecture is in a file of their own, named after it.

mod operands;
mod relocation;
mod x86_64;

pub(crate) use operands::{Access, Field, Operands, Reach};
pub use relocation::RelocKind;
pub(crate) use x86_64::{
    Decoded, Form, Instructions, MACHINE, argument, carried, entered, near_opcode, padding,
    patching, per_cpu, relocation as relocations, runs_on, text, traps,
};
