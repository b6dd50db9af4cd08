//! Instructions with an entry in a special section, as the kernel's macros write them.

use super::draw::Draw;

/// A NOP of five bytes.
pub(crate) const NOP5: &str = ".byte 0x0f,0x1f,0x44,0,0\n";

/// An entry for what stands at its label.
pub(crate) struct Site {
    /// The label.
    pub(crate) at: String,
    /// Ends the instruction of the site.
    pub(crate) end: String,
    /// The entry, anywhere in the function.
    pub(crate) entry: String,
}

impl Site {
    /// `code` with this site on it.
    pub(crate) fn on(&self, code: &str) -> String {
        format!("{}:\n{code}{}:\n", self.at, self.end)
    }
}

/// A jump label that leads to `target`.
pub(crate) fn jump_label(draw: &mut Draw<'_>, target: &str) -> Site {
    let at = draw.label("jl");
    // Bit 0: the likely branch; bit 1: objtool makes the NOP.
    let key = format!("outer_key + {}", draw.below(4));
    let entry = format!(
        ".pushsection __jump_table,\"aw\"\n.balign 8\n.long {at} - .\n.long {target} - .\n\
         .quad {key} - .\n.popsection\n"
    );
    Site { end: format!("{at}end"), at, entry }
}

/// Replaces what is at the site at boot: an entry of 14 bytes, as since Linux 6.3.
pub(crate) fn alternative(draw: &mut Draw<'_>, stem: &str) -> Site {
    let at = draw.label(stem);
    let end = format!("{at}end");
    let entry = alternative_entry(draw, &at, &format!("{end} - {at}"), stem);
    Site { at, end, entry }
}

/// An entry of `.altinstructions` for `length` bytes at `at`, with a replacement of its own.
pub(crate) fn alternative_entry(draw: &mut Draw<'_>, at: &str, length: &str, stem: &str) -> String {
    let replacement = draw.label(&format!("{stem}with"));
    let code = draw.pick(&["lfence", "mfence", "stac", "clac", "call outside_3", "rdtsc"]);
    let feature = draw.below(600);
    let flags = draw.below(2);
    format!(
        ".pushsection .altinstr_replacement,\"ax\"\n{replacement}:\n{code}\n{replacement}end:\n\
         .popsection\n.pushsection .altinstructions,\"a\"\n.long {at} - .\n.long {replacement} - .\n\
         .2byte {feature}\n.2byte {flags}\n.byte {length}\n.byte {replacement}end - {replacement}\n\
         .popsection\n"
    )
}
