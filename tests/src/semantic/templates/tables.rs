//! Edits of tables that the linker collects, where names of entries say nothing.

use super::super::draw::{Draw, Function};
use super::super::edit::Edit;

/// Two functions that differ.
fn two(draw: &mut Draw<'_>) -> [Function; 2] {
    ["fa", "fb"].map(|stem| draw.function(stem))
}

fn texts(draw: &mut Draw<'_>, functions: &[Function; 2]) -> String {
    let number = draw.number(0);
    functions[0].text(&format!("\tmovl ${number}, %eax\n\tret\n"))
        + &functions[1].text("\txorl %eax, %eax\n\tret\n")
}

/// One before the other.
fn ordered(items: [&str; 2], patched: bool) -> String {
    if patched { [items[1], items[0]].concat() } else { items.concat() }
}

/// The start of an initcall as `include/linux/init.h` has it.
fn initcall(name: &str, function: &str) -> String {
    format!("{name}:\n.long {function} - .\n")
}

fn initcall_name(draw: &Draw<'_>, stem: &str, line: usize) -> String {
    format!("__initcall__kmod_{}__{}_{line}_{stem}6", draw.name("m"), 200 + line)
}

/// An initcall of another level.
pub(crate) fn initcall_level(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("fa");
    let name = initcall_name(draw, "fa", 20);
    let body = f.text(&format!("{}\tret\n", draw.filler()));
    let to = draw.pick(&["7", "5", "6s", "early"]);
    Edit::new(|patched| {
        let level = if patched { to } else { "6" };
        format!(".section .initcall{level}.init,\"a\"\n{}{body}", initcall(&name, &f.name))
    })
    .must_or_section(&[&f.name, &name], ".initcall6.init")
    .may(&[".initcall7.init", ".initcall5.init", ".initcall6s.init", ".initcallearly.init"])
}

/// Two initcalls of one level are called in another order.
pub(crate) fn initcall_order(draw: &mut Draw<'_>) -> Edit {
    let functions = two(draw);
    let names = [("fa", 20), ("fb", 30)].map(|(stem, line)| initcall_name(draw, stem, line));
    let bodies = texts(draw, &functions);
    let table = draw.pick(&[".initcall1.init", ".initcall2.init", ".initcall3.init"]);
    Edit::new(|patched| {
        let calls = [0, 1].map(|at| initcall(&names[at], &functions[at].name));
        let calls = ordered([&calls[0], &calls[1]], patched);
        format!(".section {table},\"a\"\n{calls}{bodies}")
    })
    .must_or_section(&[&*names[0], &names[1], &functions[0].name, &functions[1].name], table)
}

fn fixup(draw: &mut Draw<'_>, hook: &str) -> String {
    let (vendor, device) = (draw.below(0xffff), draw.below(0xffff));
    format!(
        ".balign 16\n.short {vendor}, {device}\n.long {}\n.long 0\n.long {hook} - .\n",
        draw.below(9)
    )
}

/// A PCI fixup of another pass.
pub(crate) fn fixup_pass(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("fa");
    let entry = fixup(draw, &f.name);
    let body = f.text("\tret\n");
    let to = draw.pick(&["final", "header", "enable"]);
    Edit::new(|patched| {
        let pass = if patched { to } else { "early" };
        format!(".section .pci_fixup_{pass},\"a\"\n{entry}{body}")
    })
    .must_or_section(&[&f.name], ".pci_fixup_early")
    .may(&[".pci_fixup_final", ".pci_fixup_header", ".pci_fixup_enable"])
}

/// Two PCI fixups of one pass are called in another order.
pub(crate) fn fixup_order(draw: &mut Draw<'_>) -> Edit {
    let functions = two(draw);
    let entries = [0, 1].map(|at| fixup(draw, &functions[at].name));
    let bodies = texts(draw, &functions);
    Edit::new(|patched| {
        let entries = ordered([&entries[0], &entries[1]], patched);
        format!(".section .pci_fixup_resume,\"a\"\n{entries}{bodies}")
    })
    .must_or_section(&[&functions[0].name, &functions[1].name], ".pci_fixup_resume")
}

/// Two module parameters are in another order.
pub(crate) fn param_order(draw: &mut Draw<'_>) -> Edit {
    let names = ["__param_a", "__param_b"].map(|stem| draw.name(stem));
    let entries = [0, 1].map(|at| {
        format!(
            ".balign 8\n.type {0},@object\n{0}:\n.quad outer_{1}, 0, outer_3\n.short 0x124\n.byte 255, 0\n\
             .long 0\n.quad outer_{2}\n.size {0},40\n",
            names[at], at, draw.below(9)
        )
    });
    Edit::new(|patched| {
        format!(".section __param,\"a\"\n{}", ordered([&entries[0], &entries[1]], patched))
    })
    .must_or_section(&names, "__param")
}

/// A table without a name ends with one more zero.
pub(crate) fn zero_at_the_end(draw: &mut Draw<'_>) -> Edit {
    let (section, table) = (draw.name("table"), draw.label("table"));
    let f = draw.function("f");
    let reader = if draw.coin() {
        f.text(&format!("\tmovq ${table}, %rdi\n\tret\n"))
    } else {
        String::new()
    };
    let content = if draw.coin() {
        ".quad outer_1, outer_2\n".to_owned()
    } else {
        super::super::draw::longs(&draw.numbers(4))
    };
    let zero = draw.pick(&[".quad 0\n", ".long 0\n", ".byte 0\n"]);
    Edit::new(|patched| {
        let zero = if patched { zero } else { "" };
        format!(".section {section},\"a\",@progbits\n{table}:\n{content}{zero}{reader}")
    })
    .must(&[&section, &f.name])
}

/// The flags of a kernel function that BPF programs may call.
pub(crate) fn btf_flags(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let (set, id) = (
        format!("__BTF_ID__set8__{}", draw.name("s")),
        format!("__BTF_ID__func__{}__7", draw.name("f")),
    );
    let body = f.text("\tret\n");
    let (flags, kind) = (draw.below(64), draw.below(6));
    Edit::new(|patched| {
        let flags = if patched { flags ^ (1 << kind) } else { flags };
        format!(
            ".section .BTF_ids,\"a\",@progbits\n.globl {set}\n.type {set},@object\n.size {set},8\n{set}:\n.zero 8\n\
             .local {id}\n.type {id},@object\n.size {id},4\n{id}:\n.zero 4\n.long {flags}\n{body}"
        )
    })
    .must_or_section(&[&f.name, &set, &id], ".BTF_ids")
}
