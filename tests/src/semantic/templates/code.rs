//! Edits of code.

use super::super::draw::Draw;
use super::super::edit::Edit;

/// A direct branch goes to the next instruction.
pub(crate) fn branch_next(draw: &mut Draw<'_>) -> Edit {
    let (f, target) = (draw.function("f"), draw.label("t"));
    let branch = draw.pick(&["jmp", "jne", "ja", "{disp32} jmp", "{disp32} jl", "call"]);
    let (head, mid, tail) = (draw.filler(), draw.filler(), draw.filler());
    let one = format!("\tmovl ${}, %eax\n", draw.number(0));
    let backwards = draw.coin();
    Edit::new(|patched| {
        let (before, behind) = label(&target, patched);
        let place = format!("{before}{one}{behind}");
        let jump = format!("\t{branch} {target}\n");
        let body = if backwards {
            format!("{head}{place}{mid}{jump}{tail}\tret\n")
        } else {
            format!("{head}{jump}{mid}{place}{tail}\tret\n")
        };
        f.text(&body)
    })
    .must(&[&f.name])
}

/// The label before what is moved over it, or behind.
pub(super) fn label(name: &str, patched: bool) -> (String, String) {
    let label = format!("{name}:\n");
    if patched { (String::new(), label) } else { (label, String::new()) }
}

/// A branch at a global label inside of a function becomes longer, so that what is entered some bytes
/// behind the label is another thing.
pub(crate) fn inner_label_branch(draw: &mut Draw<'_>) -> Edit {
    let (f, g) = (draw.function("f"), draw.function("g"));
    let (inner, out, d) = (draw.name("inner"), draw.label("out"), draw.name("d"));
    let (head, mid, tail) = (draw.filler(), draw.instruction(), draw.filler());
    let use_of = match draw.below(3) {
        0 => g.text(&format!("\tjmp {inner}+2\n")),
        1 => g.text(&format!("\tmovq ${inner}+2, %rax\n\tret\n")),
        _ => format!(".data\n.type {d},@object\n.globl {d}\n{d}: .quad {inner}+2\n.size {d},8\n"),
    };
    Edit::new(|patched| {
        let long = if patched { "{disp32} " } else { "" };
        let body = format!(
            "{head}.globl {inner}\n{inner}:\n\t{long}jmp {out}\n{mid}\tret\n{out}:\n{tail}\tret\n"
        );
        f.text(&body) + &use_of
    })
    .must(&[&f.name, &g.name, &inner, &d])
}

/// Bytes between instructions that the code reads, and that look like NOPs.
pub(crate) fn nops_that_are_data(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let (data, skip) = (draw.label("data"), draw.label("skip"));
    let (head, tail) = (draw.filler(), draw.filler());
    let other = draw.pick(&["0x0f,0x1f,0x40,0", "0x66,0x90,0x66,0x90", "0x0f,0x1f,0,0x90"]);
    let read = draw.pick(&["movl {}(%rip), %eax", "leaq {}(%rip), %rax", "movq ${}, %rax"]);
    let read = read.replace("{}", &data);
    Edit::new(|patched| {
        let bytes = if patched { other } else { "0x90,0x90,0x90,0x90" };
        f.text(&format!(
            "{head}\tjmp {skip}\n{data}:\n.byte {bytes}\n{skip}:\n\t{read}\n{tail}\tret\n"
        ))
    })
    .must(&[&f.name])
}

/// A function that runs on into the next gets another next.
pub(crate) fn fall_through(draw: &mut Draw<'_>) -> Edit {
    let [f, g, h] = ["f", "g", "h"].map(|stem| draw.name(stem));
    let bodies = [draw.filler(), draw.filler(), draw.filler()];
    let number = draw.number(0);
    let scope = draw.pick(&[".globl", ".local"]);
    let section = draw.name(".text.fall");
    let function = |name: &str, body: &str, end: &str| {
        format!(
            "{scope} {name}\n.type {name},@function\n{name}:\n{body}{end}.size {name},.-{name}\n"
        )
    };
    Edit::new(|patched| {
        let next = [
            function(&g, &bodies[1], "\tret\n"),
            function(&h, &bodies[2], &format!("\tmovl ${number}, %eax\n\tret\n")),
        ];
        let next = if patched { [&next[1], &next[0]] } else { [&next[0], &next[1]] };
        let first = function(&f, &bodies[0], "\tmovl $1, %ecx\n");
        format!(".section {section},\"ax\",@progbits\n{first}{}{}", next[0], next[1])
    })
    .must(&[&f])
}

/// A place of a `lock` prefix is listed or not.
pub(crate) fn smp_locks(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let at = draw.label("lock");
    let (head, tail) = (draw.filler(), draw.filler());
    Edit::new(|patched| {
        let entry =
            format!(".pushsection .smp_locks,\"a\"\n.balign 4\n.long {at} - .\n.popsection\n");
        let entry = if patched { "" } else { &entry };
        f.text(&format!("{head}{entry}{at}:\n\tlock incl outer_1(%rip)\n{tail}\tret\n"))
    })
    .must_or_section(&[&f.name], ".smp_locks")
}

/// NOPs at the start of a function are listed for patching or not.
pub(crate) fn patchable_entries(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let at = draw.label("patchable");
    let (name, tail) = (f.name.clone(), draw.filler());
    Edit::new(|patched| {
        let entry = format!(
            ".pushsection __patchable_function_entries,\"awo\",@progbits,{name}\n.balign 8\n\
             .quad {at}\n.popsection\n"
        );
        let entry = if patched { "" } else { &entry };
        f.text(&format!("{at}:\n\tnop\n\tnop\n{entry}{tail}\tret\n"))
    })
    .must_or_section(&[&f.name], "__patchable_function_entries")
}
