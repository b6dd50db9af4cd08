// A new constant and a new public function: the names of all anonymous constants move.
//#added: fresh
//#unchanged
#![no_std]
extern "C" {
    fn put(text: *const u8, len: usize);
}
#[cfg(patched)]
#[no_mangle]
pub fn fresh() {
    unsafe { put(b"a new one".as_ptr(), 9) }
}
#[no_mangle]
pub fn say() {
    unsafe { put(b"one two three".as_ptr(), 13) }
}
#[no_mangle]
pub fn also() {
    unsafe { put(b"five six".as_ptr(), 8) }
}
