// What LLVM makes of two statics has a number in its name where it is used first: each is what it was.
//#variants: plain sections
//#changed: count relocation
#![no_std]
use core::sync::atomic::{AtomicU32, Ordering};
static FIRST: AtomicU32 = AtomicU32::new(0);
static SECOND: AtomicU32 = AtomicU32::new(0);
#[cfg(not(patched))]
#[no_mangle]
pub fn count() {
    FIRST.fetch_add(1, Ordering::Relaxed);
}
#[cfg(patched)]
#[no_mangle]
pub fn count() {
    SECOND.fetch_add(1, Ordering::Relaxed);
}
#[no_mangle]
pub fn first() -> u32 {
    FIRST.load(Ordering::Relaxed)
}
#[no_mangle]
pub fn second() -> u32 {
    SECOND.load(Ordering::Relaxed)
}
#[no_mangle]
pub fn reset() {
    FIRST.store(5, Ordering::Relaxed);
    SECOND.store(6, Ordering::Relaxed);
}
