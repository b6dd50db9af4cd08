// A static that another function uses now is the same one: its path names it.
//#changed: lookup *
//#changed: complete *
//#changed: on_rx *
//#changed: on_tx *
#![no_std]
use core::sync::atomic::{AtomicU64, Ordering};
static HITS: AtomicU64 = AtomicU64::new(0);
static RX: AtomicU64 = AtomicU64::new(0);
static TX: AtomicU64 = AtomicU64::new(0);
extern "C" {
    fn ext(a: u64) -> u64;
}
#[no_mangle]
pub fn lookup(x: u64) -> u64 {
    #[cfg(not(patched))]
    HITS.fetch_add(1, Ordering::Relaxed);
    unsafe { ext(x) }
}
#[no_mangle]
pub fn complete(x: u64) -> u64 {
    #[cfg(patched)]
    HITS.fetch_add(1, Ordering::Relaxed);
    unsafe { ext(x + 1) }
}
#[no_mangle]
pub fn on_rx() -> u64 {
    let counter = if cfg!(patched) { &RX } else { &TX };
    counter.fetch_add(1, Ordering::Relaxed)
}
#[no_mangle]
pub fn on_tx() -> u64 {
    let counter = if cfg!(patched) { &TX } else { &RX };
    counter.fetch_add(1, Ordering::Relaxed)
}
