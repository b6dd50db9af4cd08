// The text of a string constant: the bytes are anonymous, only the length is in the code.
//#changed: say string
#![no_std]
extern "C" {
    fn put(text: *const u8, len: usize);
}
#[cfg(patched)]
const TEXT: &str = "one two four!";
#[cfg(not(patched))]
const TEXT: &str = "one two three";
#[no_mangle]
pub fn say() {
    unsafe { put(TEXT.as_ptr(), TEXT.len()) }
}
#[no_mangle]
pub fn also() {
    unsafe { put(b"five six".as_ptr(), 8) }
}
