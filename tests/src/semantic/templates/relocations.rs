//! Edits of relocations that are where a reader may not look for them.

use super::super::draw::Draw;
use super::super::edit::Edit;
use super::super::finish::Finish;

/// Something with a relocation in a section of its own, which leads to `target`.
fn thing(section: &str, name: &str, is_code: bool, target: &str) -> String {
    let (flags, kind) = if is_code { ("ax", "function") } else { ("aw", "object") };
    let content = if is_code {
        format!("\tmovl ${target}, %eax\n\tret\n")
    } else {
        format!(".long 1\n.long {target}\n")
    };
    format!(
        ".section {section},\"{flags}\",@progbits\n.globl {name}\n.type {name},@{kind}\n{name}:\n{content}\
         .size {name},.-{name}\n"
    )
}

fn targets(draw: &mut Draw<'_>) -> [String; 2] {
    let number = draw.below(8);
    [format!("outer_{number}"), format!("outer_{}", number + 1)]
}

/// A second table of relocations for one section, one of which changes.
pub(crate) fn second_table(draw: &mut Draw<'_>) -> Edit {
    let is_code = draw.coin();
    let (d, donor) = (draw.name("d"), draw.name("donor"));
    let sections = [draw.name(".own"), draw.name(".donor")];
    let targets = targets(draw);
    // The first table that is read, or the last.
    let swap = draw.coin();
    let is_own = draw.coin();
    let edit = Edit::new(|patched| {
        let changed = &targets[usize::from(patched)];
        let (own, other) = if is_own { (changed, &targets[0]) } else { (&targets[0], changed) };
        let texts =
            [thing(&sections[0], &d, is_code, own), thing(&sections[1], &donor, is_code, other)];
        if swap { [&*texts[1], &texts[0]].concat() } else { texts.concat() }
    });
    edit.must(&[&d])
        .may(&[&donor])
        .finish_both(&Finish::Retarget { of: sections[1].clone(), to: Some(sections[0].clone()) })
        .alone()
}

/// A table of relocations that says of no section that it is for it.
pub(crate) fn table_of_none(draw: &mut Draw<'_>) -> Edit {
    let is_code = draw.coin();
    let (d, section) = (draw.name("d"), draw.name(".own"));
    let targets = targets(draw);
    let both = draw.coin();
    let step = Finish::Retarget { of: section.clone(), to: None };
    let edit =
        Edit::new(|patched| thing(&section, &d, is_code, &targets[usize::from(patched && both)]));
    let edit = edit.must(&[&d, &section]).alone();
    if both { edit.finish_both(&step) } else { edit.finish_after(step) }
}

/// A relocation in a section of a type that nobody knows.
pub(crate) fn unknown_section(draw: &mut Draw<'_>) -> Edit {
    let (d, section) = (draw.name("d"), draw.name(".own"));
    let targets = targets(draw);
    let kind = 0x6000_0000 + draw.below(0x0fff_0000);
    let named = draw.coin();
    Edit::new(|patched| {
        let target = &targets[usize::from(patched)];
        let name =
            if named { format!(".globl {d}\n.type {d},@object\n{d}:\n") } else { String::new() };
        format!(".section {section},\"aw\",@{kind}\n{name}.long 1\n.long {target}\n")
    })
    .must(&[&d, &section])
    .alone()
}

/// A relocation of an unknown type, or of one that means something else.
pub(crate) fn relocation_type(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let target = targets(draw)[0].clone();
    let (from, to) = *[
        ("R_X86_64_32", "R_X86_64_32S"),
        ("R_X86_64_32", "R_X86_64_PC32"),
        ("R_X86_64_PC32", "R_X86_64_GOTPCREL"),
        ("R_X86_64_PC32", "R_X86_64_SIZE32"),
        ("R_X86_64_32S", "R_X86_64_TPOFF32"),
        ("R_X86_64_GOTPCREL", "R_X86_64_GOTTPOFF"),
    ]
    .get(draw.below(6))
    .unwrap_or(&("", ""));
    let is_code = draw.coin();
    let f = draw.function("f");
    Edit::new(|patched| {
        let kind = if patched { to } else { from };
        if is_code {
            f.text(&format!("1:\tmovl $0, %eax\n.reloc 1b+1, {kind}, {target}\n\tret\n"))
        } else {
            format!(".data\n.globl {d}\n.type {d},@object\n{d}:\n.reloc ., {kind}, {target}\n.long 0\n.size {d},4\n")
        }
    })
    .must(&[&d, &f.name])
}
