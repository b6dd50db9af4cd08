// A closure before the others gives them other numbers; only its function and itself are new.
//#changed: work *
//#added: <input::work::{closure#0} as core::ops::function::FnOnce<(u32,)>>::call_once
#![no_std]
extern "C" {
    fn run(f: fn(u32) -> u32);
}
#[no_mangle]
pub fn work() {
    #[cfg(patched)]
    unsafe { run(|x| x ^ 77) }
    unsafe { run(|x| x + 1) }
    unsafe { run(|x| x * 5) }
}
