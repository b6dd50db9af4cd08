// Bytes behind a NUL.
//#may[plain|linked]: note also extent
//#changed: say string
#![no_std]
extern "C" {
    fn put(text: *const u8);
}
#[cfg(patched)]
static TEXT: &[u8] = b"head\0tail two";
#[cfg(not(patched))]
static TEXT: &[u8] = b"head\0tail one";
#[no_mangle]
pub fn say() {
    unsafe { put(TEXT.as_ptr()) }
}
#[no_mangle]
pub fn also() {
    unsafe { put(b"head\0tail four".as_ptr()) }
}
