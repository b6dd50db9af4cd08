//! Edits of data that has no name.

use std::fmt::Write as _;

use super::super::draw::{Draw, longs, with};
use super::super::edit::Edit;

/// Adds up what is at `start`, which it finds by `read` (`{}` is the place).
fn walk(draw: &Draw<'_>, stem: &str, start: &str, count: usize) -> String {
    let again = draw.label(stem);
    format!(
        "\tleaq {start}(%rip), %rsi\n\tmovl ${count}, %ecx\n{again}:\n\taddl (%rsi), %eax\n\
         \taddq $4, %rsi\n\tdecl %ecx\n\tjne {again}\n\tret\n"
    )
}

/// A section of the edit's own: what changes in a section that several share can be anyone's.
fn constants(draw: &Draw<'_>) -> String {
    format!(".section {},\"a\",@progbits\n.balign 8\n", draw.name(".rodata.u"))
}

/// A constant that one function enters at the start and another in the middle changes behind that.
pub(crate) fn entered_inside(draw: &mut Draw<'_>) -> Edit {
    let (f, g) = (draw.function("f"), draw.function("g"));
    let constant = draw.label("c");
    let rodata = constants(draw);
    let numbers = draw.numbers(8);
    let entry = draw.within(1..7);
    let at = draw.within(entry..8);
    let other = draw.number(numbers[at]);
    let first = f.text(&walk(draw, "again", &constant, 8));
    let second = g.text(&walk(draw, "more", &format!("{constant}+{}", entry * 4), 8 - entry));
    Edit::new(|patched| {
        format!("{rodata}{constant}:\n{}{first}{second}", with(&numbers, at, other, patched))
    })
    .must(&[&f.name])
    .must(&[&g.name])
}

/// A constant that is read by an index that does not start at 0, so that the reference is to what is before it.
pub(crate) fn entered_by_bias(draw: &mut Draw<'_>) -> Edit {
    let [f, g, h] = ["f", "g", "h"].map(|stem| draw.function(stem));
    let [before, constant, behind] = ["before", "c", "behind"].map(|stem| draw.label(stem));
    let rodata = constants(draw);
    let numbers = draw.numbers(8);
    let [one, last] = [0, 1].map(|_| longs(&draw.numbers(16)));
    let (at, bias) = (draw.below(8), draw.within(1..16) * 4);
    let other = draw.number(numbers[at]);
    let is_shared = draw.coin();
    let read = |label: &str| format!("\tmovl {label}(,%rdi,4), %eax\n\tret\n");
    let mut code = f.text(&read(&format!("{constant} - {bias}"))) + &h.text(&read(&before));
    if is_shared {
        code += &g.text(&read(&constant));
    }
    let edit = Edit::new(|patched| {
        let own = with(&numbers, at, other, patched);
        format!("{rodata}{before}:\n{one}{constant}:\n{own}{behind}:\n{last}{code}")
    })
    .must(&[&f.name]);
    // Who reads what stands before it may be taken for a reader: its end is not in the object.
    let edit = edit.may(&[&h.name]);
    if is_shared { edit.must(&[&g.name]) } else { edit }
}

/// A constant that is walked from its end.
pub(crate) fn entered_by_the_end(draw: &mut Draw<'_>) -> Edit {
    let [f, h] = ["f", "h"].map(|stem| draw.function(stem));
    let [constant, behind, again] = ["c", "behind", "again"].map(|stem| draw.label(stem));
    let rodata = constants(draw);
    let numbers = draw.numbers(8);
    let last = longs(&draw.numbers(4));
    let at = draw.below(8);
    let other = draw.number(numbers[at]);
    let (g, before) = (draw.function("g"), draw.label("before"));
    let first = longs(&draw.numbers(4));
    let code = f.text(&format!(
        "\tleaq {constant}+32(%rip), %rsi\n\tmovl $8, %ecx\n{again}:\n\tsubq $4, %rsi\n\taddl (%rsi), %eax\n\
         \tdecl %ecx\n\tjne {again}\n\tret\n"
    )) + &h.text(&format!("\tmovl {behind}(,%rdi,4), %eax\n\tret\n"))
        + &g.text(&format!("\tmovl {before}(,%rdi,4), %eax\n\tret\n"));
    Edit::new(|patched| {
        let own = with(&numbers, at, other, patched);
        format!("{rodata}{before}:\n{first}{constant}:\n{own}{behind}:\n{last}{code}")
    })
    .must(&[&f.name])
    .may(&[&g.name, &h.name])
}

/// A node of a cycle of four or more, some steps from where the function enters it.
pub(crate) fn cycle_node(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let count = draw.within(4..17);
    let numbers: Vec<usize> = if draw.coin() { draw.numbers(count) } else { vec![5; count] };
    let at = draw.within(3..count);
    let other = draw.number(numbers[at]);
    let nodes: Vec<String> = (0..count).map(|node| draw.label(&format!("n{node}"))).collect();
    let mut order: Vec<usize> = (0..count).collect();
    draw.random.shuffle(&mut order);
    let (stem, flags) =
        if draw.coin() { (".data.rel.ro.local.u", "aw") } else { (".rodata.u", "a") };
    let section = format!(".section {},\"{flags}\"", draw.name(stem));
    let code = f.text(&format!("\tleaq {}(%rip), %rdi\n\tjmp outside_1\n", nodes[0]));
    Edit::new(|patched| {
        let mut text = format!("{section},@progbits\n.balign 8\n{code}{section},@progbits\n");
        for node in &order {
            let number = if patched && *node == at { other } else { numbers[*node] };
            let next = &nodes[(node + 1) % count];
            let _ = writeln!(text, "{}:\n.quad {next}\n.long {number}, 0", nodes[*node]);
        }
        text
    })
    .must(&[&f.name])
}

/// Two variables without names are exchanged at one of several uses.
pub(crate) fn variables_exchanged(draw: &mut Draw<'_>) -> Edit {
    let f = draw.function("f");
    let names = if draw.coin() {
        let number = draw.id * 10;
        [format!("__warned.{number}"), format!("__warned.{}", number + 1)]
    } else {
        [draw.label("va"), draw.label("vb")]
    };
    let uses = draw.within(3..7);
    // Both are used before what is exchanged, so that no other naming gives the same.
    let mut order: Vec<usize> =
        (0..uses).map(|at| if at < 2 { at } else { draw.below(2) }).collect();
    let at = draw.within(2..uses);
    let section = draw.pick(&[".data", ".bss", ".section .data.once,\"aw\""]);
    let content = if section == ".bss" { ".zero 4\n" } else { ".long 0\n" };
    let sized = draw.coin();
    let object = |name: &str| {
        let kind =
            if sized { format!(".type {name},@object\n.size {name},4\n") } else { String::new() };
        format!("{kind}{name}:\n{content}")
    };
    let variables = object(&names[0]) + &object(&names[1]);
    let body = |order: &[usize]| {
        let mut text = String::new();
        for (number, name) in order.iter().enumerate() {
            let _ = writeln!(text, "\tmovl ${}, {}(%rip)", number + 1, names[*name]);
        }
        text + "\tret\n"
    };
    let before = body(&order);
    order[at] = 1 - order[at];
    let after = body(&order);
    Edit::new(|patched| {
        format!(
            "{section}\n.balign 4\n{variables}{}",
            f.text(if patched { &after } else { &before })
        )
    })
    .must(&[&f.name])
}

/// A function uses another one of two variables that it shares with two others.
pub(crate) fn shared_variable(draw: &mut Draw<'_>) -> Edit {
    let [f, g, h] = ["f", "g", "h"].map(|stem| draw.function(stem));
    let number = draw.id * 10 + 5;
    let names = [format!("__warned.{number}"), format!("__warned.{}", number + 1)];
    let object = |name: &str| format!(".type {name},@object\n.size {name},1\n{name}:\n.byte 0\n");
    let variables = object(&names[0]) + &object(&names[1]);
    let body = |name: &str| format!("\tmovb $1, {name}(%rip)\n\tret\n");
    let others = g.text(&format!("\tincl %eax\n{}", body(&names[0]))) + &h.text(&body(&names[1]));
    Edit::new(|patched| {
        let own = f.text(&format!("\tdecl %eax\n{}", body(&names[usize::from(patched)])));
        format!(".data\n{variables}{others}{own}")
    })
    .must(&[&f.name, &g.name, &h.name])
}
