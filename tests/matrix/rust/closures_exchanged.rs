// A constant table of two closures, which have names that differ in a number only.
//#changed: input::work *
//#unlocated: input::work
#![no_std]
extern "C" {
    fn run(f: &'static [fn(u32) -> u32; 2]);
}
const ONE: fn(u32) -> u32 = |x| x + 1;
mod other {
    pub(super) const TWO: [fn(u32) -> u32; 2] = [|x| x * 5, |x| x ^ 9];
}
const TABLE: [fn(u32) -> u32; 2] =
    if cfg!(patched) { [other::TWO[1], other::TWO[0]] } else { other::TWO };
#[inline(never)]
pub fn work() {
    unsafe { run(&TABLE) }
}
#[inline(never)]
pub fn unchanged() -> u32 {
    ONE(other::TWO[0](3))
}
