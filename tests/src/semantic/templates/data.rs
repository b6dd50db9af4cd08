//! Edits of data with a name, and of the sections that hold it.

use super::super::draw::{Draw, longs, with};
use super::super::edit::Edit;

/// An object with a name.
fn object(name: &str, content: &str) -> String {
    format!(".type {name},@object\n{name}:\n{content}.size {name},.-{name}\n")
}

/// A function that reads the object.
fn reader(draw: &mut Draw<'_>, object: &str) -> String {
    let g = draw.function("g");
    if draw.coin() {
        g.text(&format!("\tmovl {object}(%rip), %eax\n\tret\n"))
    } else {
        String::new()
    }
}

/// An object in another section, by the sections' flags and names.
fn moved(draw: &mut Draw<'_>, flags: &str, from: &str, to: &str) -> Edit {
    let d = draw.name("d");
    let content = longs(&draw.numbers(2));
    let reader = reader(draw, &d);
    let (from, to) = (from.replace('@', &draw.name("")), to.replace('@', &draw.name("")));
    let scope = draw.pick(&[".globl", ".local"]);
    Edit::new(|patched| {
        let section = if patched { &to } else { &from };
        let object = object(&d, &content);
        format!(".section {section},\"{flags}\",@progbits\n{scope} {d}\n{object}{reader}")
    })
    .must(&[&d])
}

/// A variable becomes read-only after the boot.
pub(crate) fn read_mostly(draw: &mut Draw<'_>) -> Edit {
    let to = draw.pick(&[".data..ro_after_init", ".data..percpu", ".init.data"]);
    moved(draw, "aw", ".data..read_mostly", to)
}

/// A constant is freed after the boot.
pub(crate) fn to_init(draw: &mut Draw<'_>) -> Edit {
    let (from, to) = *[(".rodata.x@", ".init.rodata"), (".rodata.y@", ".exit.rodata.y@")]
        .get(draw.below(2))
        .unwrap_or(&("", ""));
    moved(draw, "a", from, to)
}

/// Code is freed after the boot.
pub(crate) fn code_to_init(draw: &mut Draw<'_>) -> Edit {
    let f = draw.name("f");
    let body = draw.filler();
    let to = draw.pick(&[
        ".init.text",
        ".exit.text",
        ".noinstr.text",
        ".entry.text",
        ".cpuidle.text",
        ".kprobes.text",
    ]);
    Edit::new(|patched| {
        let section = if patched { to } else { ".text" };
        format!(
            ".section {section},\"ax\",@progbits\n.globl {f}\n.type {f},@function\n{f}:\n{body}\tret\n.size {f},.-{f}\n"
        )
    })
    .must(&[&f])
}

/// The same section with other flags.
pub(crate) fn section_flags(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let content = longs(&draw.numbers(2));
    // Not a name that implies flags to the assembler.
    let section = draw.name(".table.x");
    let (from, to) =
        *[("a", "aw"), ("aw", "awx"), ("a", "ax")].get(draw.below(3)).unwrap_or(&("", ""));
    Edit::new(|patched| {
        let flags = if patched { to } else { from };
        format!(".section {section},\"{flags}\",@progbits\n.globl {d}\n{}", object(&d, &content))
    })
    .must(&[&d, &section])
}

/// An object that has half of its alignment.
pub(crate) fn alignment(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let content = longs(&draw.numbers(4));
    let stem = draw.pick(&[".data.x", ".rodata.x", ".data..cacheline_aligned.x", ".bss.x"]);
    let section = draw.name(stem);
    let reader = reader(draw, &d);
    let align = draw.within(3..13);
    let (content, kind) = if section.starts_with(".bss") {
        (".zero 16\n", "@nobits")
    } else {
        (&*content, "@progbits")
    };
    let flags = if section.starts_with(".ro") { "a" } else { "aw" };
    Edit::new(|patched| {
        let align = if patched { align - 1 } else { align };
        let object = object(&d, content);
        format!(
            ".section {section},\"{flags}\",{kind}\n.p2align {align}\n.globl {d}\n{object}{reader}"
        )
    })
    .must(&[&d, &section])
    .one_way()
}

/// Entries of a merged section have half the size.
pub(crate) fn merged_size(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let (constant, section) = (draw.label("cst"), draw.name(".rodata.cst"));
    // What is read is more than the half, or an address.
    let (size, read) = *[
        (8, "movq {}(%rip), %rax"),
        (16, "movups {}(%rip), %xmm0"),
        (16, "leaq {}(%rip), %rdi"),
        (32, "movq ${}, %rdi"),
    ]
    .get(draw.below(4))
    .unwrap_or(&(0, ""));
    let content = longs(&draw.numbers(size / 4));
    let strings = draw.coin();
    let read = if strings { "leaq {}(%rip), %rdi" } else { read }.replace("{}", &constant);
    let tail = draw.filler();
    Edit::new(|patched| {
        let (flags, size) = if strings { ("aMS", 4) } else { ("aM", size) };
        let size = if patched { size / 2 } else { size };
        let content = if strings { format!("{content}.long 0\n") } else { content.clone() };
        format!(
            ".section {section},\"{flags}\",@progbits,{size}\n.balign 8\n{constant}:\n{content}{}",
            f.text(&format!("\t{read}\n{tail}\tret\n"))
        )
    })
    .must(&[&f.name, &section])
}

/// Bytes behind the end that a symbol's size gives.
pub(crate) fn behind_the_end(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let (own, behind) = (longs(&draw.numbers(2)), draw.numbers(3));
    let (at, other) = (draw.below(3), draw.number(behind[0]));
    let stem = draw.pick(&[".data.x", ".rodata.x"]);
    let section = draw.name(stem);
    let last = if draw.coin() { object(&draw.name("last"), ".long 5\n") } else { String::new() };
    let reader = reader(draw, &d);
    Edit::new(|patched| {
        let behind = with(&behind, at, other, patched);
        let object = object(&d, &own);
        format!(".section {section},\"aw\",@progbits\n.globl {d}\n{object}{behind}{last}{reader}")
    })
    .must(&[&d, &section])
}
