// LLVM numbers what it leaves of a static behind its path, and which static is numbered changes with the order of use.
//#changed: f *
#![no_std]
use core::sync::atomic::{AtomicU32, Ordering};
static A: AtomicU32 = AtomicU32::new(0);
static B: AtomicU32 = AtomicU32::new(0);
#[no_mangle]
pub fn f() {
    let counter = if cfg!(patched) { &B } else { &A };
    counter.fetch_add(1, Ordering::Relaxed);
}
#[no_mangle]
pub fn g() -> u32 {
    A.load(Ordering::Relaxed)
}
#[no_mangle]
pub fn h() -> u32 {
    B.load(Ordering::Relaxed)
}
#[no_mangle]
pub fn i() {
    A.store(5, Ordering::Relaxed);
    B.store(6, Ordering::Relaxed);
}
