//! Edits of symbols.

use std::fmt::Write as _;

use super::super::draw::{Draw, longs};
use super::super::edit::Edit;
use super::super::finish::Finish;
use super::code::label;

/// A label inside of a function that others can enter moves by one instruction.
pub(crate) fn inner_label(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let inner = draw.name("inner");
    let (head, one, tail) = (draw.filler(), draw.instruction(), draw.filler());
    Edit::new(|patched| {
        let (before, behind) = label(&inner, patched);
        f.text(&format!(
            "\tincl %eax\n{head}.globl {inner}\n{before}{one}{behind}\tdecl %eax\n{tail}\tret\n"
        ))
    })
    .must(&[&f.name, &inner])
}

/// Another type of a symbol.
pub(crate) fn symbol_type(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let is_code = draw.coin();
    let body = draw.filler();
    let numbers = longs(&draw.numbers(2));
    let (from, to) =
        if is_code { ("function", draw.pick(&["notype", "object"])) } else { ("object", "notype") };
    Edit::new(|patched| {
        let kind = if patched { to } else { from };
        let head = format!(".globl {d}\n.type {d},@{kind}\n{d}:\n");
        let (section, content) = if is_code {
            (".text.y\",\"ax", format!("{body}\tret\n"))
        } else {
            (".data.y\",\"aw", numbers.clone())
        };
        format!(".section \"{section}\"\n{head}{content}.size {d},.-{d}\n")
    })
    .must(&[&d])
}

/// Another size of a symbol over the same bytes.
pub(crate) fn symbol_size(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let is_code = draw.coin();
    let (body, last) = (draw.filler(), draw.instruction());
    let numbers = [0, 1].map(|_| longs(&draw.numbers(1)));
    let section = draw.name(if is_code { ".text.z" } else { ".data.z" });
    Edit::new(|patched| {
        let end = draw_end(&d, patched);
        let (flags, kind, one, other) = if is_code {
            ("ax", "function", format!("{body}\tret\n"), last.clone())
        } else {
            ("aw", "object", numbers[0].clone(), numbers[1].clone())
        };
        format!(
            ".section {section},\"{flags}\"\n.globl {d}\n.type {d},@{kind}\n{d}:\n{one}{}{other}{}",
            end[0], end[1]
        )
    })
    .must(&[&d])
    .may(&[&section])
}

fn draw_end(name: &str, patched: bool) -> [String; 2] {
    let size = format!(".size {name},.-{name}\n");
    if patched { [String::new(), size] } else { [size, String::new()] }
}

/// A number that other objects use by name.
pub(crate) fn absolute(draw: &mut Draw<'_>) -> Edit {
    let name = draw.name("number");
    let value = draw.below(1 << 20);
    let by = draw.pick(&["+ 1", "- 1", "+ 4096"]);
    Edit::new(|patched| {
        let by = if patched { by } else { "" };
        format!(".globl {name}\n.set {name}, {value} {by}\n")
    })
    .must(&[&name])
}

/// A symbol that gives way to another definition.
pub(crate) fn weak(draw: &mut Draw<'_>) -> Edit {
    let d = draw.name("d");
    let is_code = draw.coin();
    let body = draw.filler();
    let numbers = longs(&draw.numbers(2));
    let from = draw.pick(&[".globl", ".globl", ".local"]);
    Edit::new(|patched| {
        let scope = if patched { ".weak" } else { from };
        let (section, kind, content) = if is_code {
            (".text", "function", format!("{body}\tret\n"))
        } else {
            (".data", "object", numbers.clone())
        };
        format!("{section}\n{scope} {d}\n.type {d},@{kind}\n{d}:\n{content}.size {d},.-{d}\n")
    })
    .must(&[&d])
}

/// Something with a name, with a scope.
fn thing(name: &str, is_code: bool, content: &str) -> String {
    let (section, kind) =
        if is_code { (".section .text.t", "function") } else { (".section .data.t", "object") };
    format!(
        "{section}\n.globl {name}\n.type {name},@{kind}\n{name}:\n{content}.size {name},.-{name}\n"
    )
}

fn alias(of: &str, name: &str) -> String {
    format!(".globl {name}\n.set {name}, {of}\n")
}

fn content(draw: &mut Draw<'_>) -> (bool, String) {
    if draw.coin() { (true, draw.filler() + "\tret\n") } else { (false, longs(&draw.numbers(3))) }
}

/// Another name for something.
pub(crate) fn alias_added(draw: &mut Draw<'_>) -> Edit {
    let (d, other) = (draw.name("d"), draw.name("alias"));
    let (is_code, content) = content(draw);
    Edit::new(|patched| {
        let alias = if patched { alias(&d, &other) } else { String::new() };
        thing(&d, is_code, &content) + &alias
    })
    .must(&[&d, &other])
}

/// Two names of one variable become those of two with the same content. (Two functions of equal code do what one does.)
pub(crate) fn alias_split(draw: &mut Draw<'_>) -> Edit {
    let (d, other) = (draw.name("d"), draw.name("alias"));
    let content = longs(&draw.numbers(3));
    Edit::new(|patched| {
        let second = if patched { thing(&other, false, &content) } else { alias(&d, &other) };
        thing(&d, false, &content) + &second
    })
    .must(&[&d, &other])
}

/// A local symbol, of two functions or two objects.
fn local(name: &str, is_code: bool, number: usize) -> String {
    let (section, kind, content) = if is_code {
        (".text", "function", format!("\tmovl ${number}, %eax\n\tret\n"))
    } else {
        (".data", "object", format!(".long {number}\n"))
    };
    format!("{section}\n.type {name},@{kind}\n{name}:\n{content}.size {name},.-{name}\n")
}

/// Uses `targets` in this order.
fn uses(targets: &[&str], is_code: bool) -> String {
    let mut text: String = targets
        .iter()
        .map(|target| {
            if is_code {
                format!("\tcall {target}\n")
            } else {
                format!("\taddl {target}(%rip), %eax\n")
            }
        })
        .collect();
    text.push_str("\tret\n");
    text
}

/// Two of a name are exchanged at the uses of one function, not at those of another.
fn exchanged(draw: &mut Draw<'_>, names: &[String; 2]) -> Edit {
    let (f, g) = (draw.function("f"), draw.function("g"));
    let is_code = draw.coin();
    let numbers = [draw.number(0), draw.number(0)];
    let numbers = if numbers[0] == numbers[1] { [1, 2] } else { numbers };
    let both = local(&names[0], is_code, numbers[0]) + &local(&names[1], is_code, numbers[1]);
    let [one, other] = [&*names[0], &*names[1]];
    let others = if draw.coin() { g.text(&uses(&[one, other], is_code)) } else { String::new() };
    let single = draw.coin();
    Edit::new(|patched| {
        let order: &[&str] = match (single, patched) {
            (true, false) => &[one],
            (true, true) => &[other],
            (false, false) => &[one, other],
            (false, true) => &[other, one],
        };
        format!("{both}{others}{}", f.text(&uses(order, is_code)))
    })
    .must(&[&f.name])
}

/// Two local symbols of the same name, as in a linked object.
pub(crate) fn same_name(draw: &mut Draw<'_>) -> Edit {
    let names = [draw.name("twin"), draw.name("twin_other")];
    let step = Finish::Rename { from: names[1].clone(), to: names[0].clone() };
    exchanged(draw, &names).may(&[&names[0]]).finish_both(&step)
}

/// Two symbols that LLVM gave a hash.
pub(crate) fn llvm_names(draw: &mut Draw<'_>) -> Edit {
    let name = draw.name("foo");
    let hash = draw.number(0);
    let names = [format!("{name}.llvm.{hash}"), format!("{name}.llvm.{}", hash + 17)];
    exchanged(draw, &names)
}

/// Two static variables of one name in one file.
pub(crate) fn static_numbers(draw: &mut Draw<'_>) -> Edit {
    let name = draw.name("count");
    exchanged(draw, &[format!("{name}.0"), format!("{name}.1")])
}

/// A local object without a size is taken for its neighbour.
pub(crate) fn unsized_neighbour(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let names = ["one", "two", "three"].map(|stem| draw.name(stem));
    let numbers = draw.numbers(3);
    let section = draw.pick(&[".data", ".section .data.rel.local,\"aw\""]);
    let mut objects = String::new();
    for (name, number) in names.iter().zip(&numbers) {
        let _ = writeln!(objects, ".type {name},@object\n{name}:\n.long {number}");
    }
    let at = draw.below(2);
    let use_of = draw.pick(&["leaq {}(%rip), %rdi", "movl {}(%rip), %eax", "movq ${}, %rsi"]);
    Edit::new(|patched| {
        let name = &names[at + usize::from(patched)];
        let body = format!("\t{}\n\tret\n", use_of.replace("{}", name));
        format!("{section}\n{objects}{}", f.text(&body))
    })
    .must(&[&f.name])
}
