// A slice of a constant, of which only the tail differs.
//#changed: tail constant
//#may[cross]: data-removed .rodata
#![no_std]
extern "C" {
    fn put(values: *const u32, len: usize);
}
#[cfg(patched)]
const VALUES: &[u32; 6] = &[1, 2, 3, 4, 5, 7];
#[cfg(not(patched))]
const VALUES: &[u32; 6] = &[1, 2, 3, 4, 5, 6];
#[no_mangle]
pub fn tail() {
    let tail = &VALUES[2..];
    unsafe { put(tail.as_ptr(), tail.len()) }
}
#[no_mangle]
pub fn other() {
    unsafe { put([9u32, 8, 7, 6].as_ptr(), 4) }
}
