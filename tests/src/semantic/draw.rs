//! Names and random pieces of assembly for one edit.

use std::fmt::Write as _;

use crate::mutate::Random;

/// What an edit is drawn with.
pub(crate) struct Draw<'a> {
    pub(crate) id: usize,
    pub(crate) random: &'a mut Random,
}

/// A function with a random place and scope that are the same before and after.
pub(crate) struct Function {
    pub(crate) name: String,
    section: String,
    scope: &'static str,
}

impl Function {
    pub(crate) fn text(&self, body: &str) -> String {
        let Self { name, section, scope } = self;
        let scope = if scope.is_empty() { String::new() } else { format!("{scope} {name}\n") };
        format!(
            "{section}\n{scope}.type {name},@function\n{name}:\n{body}\n.size {name},.-{name}\n"
        )
    }
}

impl Draw<'_> {
    /// `stem` with this edit's number.
    pub(crate) fn name(&self, stem: &str) -> String {
        format!("{stem}_e{}e", self.id)
    }

    /// A label that the assembler drops.
    pub(crate) fn label(&self, stem: &str) -> String {
        format!(".L{}", self.name(stem))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.random.below(limit as u64)).unwrap_or(0)
    }

    /// A number from `range`.
    pub(crate) fn within(&mut self, range: std::ops::Range<usize>) -> usize {
        range.start + self.below(range.end - range.start)
    }

    pub(crate) fn coin(&mut self) -> bool {
        self.below(2) == 0
    }

    pub(crate) fn pick<'t>(&mut self, items: &[&'t str]) -> &'t str {
        let at = self.below(items.len());
        items[at]
    }

    /// Another number than `not`, that needs four bytes.
    pub(crate) fn number(&mut self, not: usize) -> usize {
        let number = 0x0100_0000 + self.below(0x0f00_0000);
        if number == not { number + 1 } else { number }
    }

    pub(crate) fn function(&mut self, stem: &str) -> Function {
        let name = self.name(stem);
        let section = if self.coin() {
            ".text\n.p2align 4".to_owned()
        } else {
            format!(".section .text.{name},\"ax\",@progbits")
        };
        let scope = if self.coin() { ".globl" } else { "" };
        Function { name, section, scope }
    }

    /// One instruction that has an effect.
    pub(crate) fn instruction(&mut self) -> String {
        let register = self.pick(&["eax", "ecx", "edx", "esi", "r8d", "r11d"]);
        let bits = self.within(3..28);
        let number = self.below(1 << bits);
        match self.below(7) {
            0 => format!("\tmovl ${number}, %{register}\n"),
            1 => format!("\taddl ${}, %{register}\n", number + 1),
            2 => format!("\tleaq {number}(%rdi,%rsi), %rax\n"),
            3 => format!("\tcall outside_{}\n", number % 9),
            4 => format!("\tmovl outer_{}(%rip), %{register}\n", number % 9),
            5 => format!("\tmovl %{register}, {number}(%rdi)\n"),
            _ => format!("\tcmpl ${number}, %{register}\n"),
        }
    }

    /// Some of them, or none.
    pub(crate) fn filler(&mut self) -> String {
        (0..self.below(5)).map(|_| self.instruction()).collect()
    }

    /// `count` numbers of four bytes.
    pub(crate) fn numbers(&mut self, count: usize) -> Vec<usize> {
        (0..count).map(|_| self.number(0)).collect()
    }
}

/// `.long` for each of `numbers`.
pub(crate) fn longs(numbers: &[usize]) -> String {
    numbers.iter().fold(String::new(), |mut text, number| {
        let _ = writeln!(text, ".long {number}");
        text
    })
}

/// `numbers` with another one at `at`, if `patched`.
pub(crate) fn with(numbers: &[usize], at: usize, other: usize, patched: bool) -> String {
    let mut numbers = numbers.to_vec();
    if patched {
        numbers[at] = other;
    }
    longs(&numbers)
}
