// The body of a closure that is called through a pointer.
//#changed: <input::work::{closure#1} as core::ops::function::FnOnce<(u32,)>>::call_once instruction
#![no_std]
extern "C" {
    fn run(f: fn(u32) -> u32);
}
#[cfg(patched)]
const FACTOR: u32 = 3;
#[cfg(not(patched))]
const FACTOR: u32 = 5;
#[no_mangle]
pub fn work() {
    unsafe { run(|x| x + 1) }
    unsafe { run(|x| x * FACTOR) }
}
