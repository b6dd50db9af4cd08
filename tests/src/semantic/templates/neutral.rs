//! Edits that mean nothing, and must not be reported.

use super::super::draw::{Draw, longs};
use super::super::edit::Edit;
use super::super::finish::Finish;

/// More room between functions.
pub(crate) fn room(draw: &mut Draw<'_>) -> Edit {
    let [f, g] = ["f", "g"].map(|stem| draw.name(stem));
    let bodies = [draw.filler(), draw.filler()];
    let room = draw.pick(&[
        ".p2align 6\n",
        ".skip 3,0xcc\n",
        ".nops 9\n",
        ".p2align 4,0x90\n",
        ".p2align 5,0xcc\n",
    ]);
    let section = draw.name(".text.room");
    let text = |name: &str, body: &str| {
        format!(
            ".globl {name}\n.type {name},@function\n{name}:\n{body}\tret\n.size {name},.-{name}\n"
        )
    };
    Edit::new(|patched| {
        let room = if patched { room } else { "" };
        format!(".section {section},\"ax\"\n{}{room}{}", text(&f, &bodies[0]), text(&g, &bodies[1]))
    })
}

/// NOPs before a branch target that nothing describes.
pub(crate) fn nops_before_target(draw: &mut Draw<'_>) -> Edit {
    let (f, target) = (draw.function("f"), draw.label("t"));
    let (head, mid, tail) = (draw.filler(), draw.filler(), draw.filler());
    let nops = draw.pick(&["\tnop\n", ".nops 5\n", ".nops 11\n", ".p2align 5\n"]);
    let jump = format!("\tjne {target}\n");
    let backwards = draw.coin();
    Edit::new(|patched| {
        let place = format!("{}{target}:\n\tincl %eax\n", if patched { nops } else { "" });
        let parts = if backwards { [&place, &mid, &jump] } else { [&jump, &mid, &place] };
        f.text(&format!("{head}{}{}{}{tail}\tret\n", parts[0], parts[1], parts[2]))
    })
}

/// Functions in another order.
pub(crate) fn order(draw: &mut Draw<'_>) -> Edit {
    let functions = ["f", "g", "h"].map(|stem| draw.function(stem));
    let bodies: Vec<String> = (0..3).map(|_| draw.filler()).collect();
    let mut order: Vec<usize> = (0..3).collect();
    draw.random.shuffle(&mut order);
    Edit::new(|patched| {
        let at = |place: usize| if patched { order[place] } else { place };
        (0..3)
            .map(|place| {
                let callee = &functions[(at(place) + 1) % 3].name;
                functions[at(place)].text(&format!("{}\tcall {callee}\n\tret\n", bodies[at(place)]))
            })
            .collect()
    })
}

/// A local object is referred to by its own symbol, or by that of its section.
pub(crate) fn section_symbol(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let (d, section) = (draw.name("d"), draw.name(".data.own"));
    let content = longs(&draw.numbers(4));
    let by = draw.below(4) * 4;
    let tail = draw.filler();
    Edit::new(|_| {
        let object = format!(".type {d},@object\n{d}:\n{content}.size {d},16\n");
        format!(
            ".section {section},\"aw\"\n{object}{}",
            f.text(&format!("\tmovl {d}+{by}(%rip), %eax\n{tail}\tret\n"))
        )
    })
    .finish_after(Finish::NameTargets { section: section.clone(), symbol: d.clone() })
}

/// Strings elsewhere in their section.
pub(crate) fn strings(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let [one, other] = ["one", "other"].map(|stem| draw.label(stem));
    let (number, tail) = (draw.number(0), draw.filler());
    let section = draw.pick(&[
        ".section .rodata.str1.1,\"aMS\",@progbits,1",
        ".section .rodata.str1.8,\"aMS\",@progbits,1",
    ]);
    Edit::new(|patched| {
        let strings = [
            format!("{one}:\n.string \"the first {number}\"\n"),
            format!("{other}:\n.string \"another one, {number}\"\n"),
        ];
        let [first, second] =
            if patched { [&strings[1], &strings[0]] } else { [&strings[0], &strings[1]] };
        let more = if patched { ".string \"what nobody reads\"\n" } else { "" };
        format!(
            "{section}\n{more}{first}{second}{}",
            f.text(&format!("\tmovq ${one}, %rdi\n\tleaq {other}(%rip), %rsi\n{tail}\tret\n"))
        )
    })
}

/// A static variable of a function gets another number.
pub(crate) fn renumbered(draw: &mut Draw<'_>) -> Edit {
    let (f, g) = (draw.function("f"), draw.function("g"));
    let name = draw.name("count");
    let number = draw.number(0);
    let (from, to) = (draw.below(9), 10 + draw.below(90));
    let other =
        if draw.coin() { g.text(&format!("{}\tret\n", draw.filler())) } else { String::new() };
    Edit::new(|patched| {
        let name = format!("{name}.{}", if patched { to } else { from });
        format!(
            ".data\n.type {name},@object\n{name}:\n.long {number}\n.size {name},4\n{other}{}",
            f.text(&format!("\tincl {name}(%rip)\n\tret\n"))
        )
    })
}

/// Branches are encoded in another length, where nothing enters the code by number.
pub(crate) fn branch_length(draw: &mut Draw<'_>) -> Edit {
    let (f, target) = (draw.function("f"), draw.label("t"));
    let (head, mid, tail) = (draw.filler(), draw.filler(), draw.filler());
    let branch = draw.pick(&["jmp", "jne", "jl"]);
    Edit::new(|patched| {
        let long = if patched { "{disp32} " } else { "" };
        f.text(&format!("{head}\t{long}{branch} {target}\n{mid}{target}:\n{tail}\tret\n"))
    })
}

/// Symbols in another order.
pub(crate) fn symbol_order(draw: &mut Draw<'_>) -> Edit {
    let seed = draw.random.next();
    room_for(draw).finish_after(Finish::ShuffleSymbols(seed))
}

/// Section headers in another order.
pub(crate) fn section_order(draw: &mut Draw<'_>) -> Edit {
    let seed = draw.random.next();
    room_for(draw).finish_after(Finish::ShuffleSections(seed))
}

fn room_for(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let text = f.text(&format!("{}\tret\n", draw.filler()));
    Edit::new(|_| text.clone())
}
