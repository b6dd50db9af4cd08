// A constant of which code reaches the tail only; a new public function gives it another name.
//#added: fresh
#![no_std]
extern "C" {
    fn put(values: *const u32, len: usize);
}
const VALUES: &[u32; 6] = &[1, 2, 3, 4, 5, 6];
#[no_mangle]
pub fn tail() {
    let tail = &VALUES[2..];
    unsafe { put(tail.as_ptr(), tail.len()) }
}
#[cfg(patched)]
#[no_mangle]
pub fn fresh(x: u32) -> u32 {
    x + 3
}
