// A table without a name whose first entry looks like a panic location, and a line in it.
//#may[plain|linked]: note other extent
//#changed: list constant
#![no_std]
#[repr(C)]
struct Entry(&'static str, u32, u32);
extern "C" {
    fn put(entries: *const Entry, len: usize);
}
#[cfg(patched)]
const LINE: u32 = 13;
#[cfg(not(patched))]
const LINE: u32 = 12;
#[no_mangle]
pub fn list() {
    let entries: &[Entry; 2] = &[Entry("src/a.rs", LINE, 3), Entry("src/b.rs", 4, 5)];
    unsafe { put(entries.as_ptr(), 2) }
}
#[no_mangle]
pub fn other() {
    let entries: &[Entry; 2] = &[Entry("src/a.rs", 6, 3), Entry("src/b.rs", 7, 5)];
    unsafe { put(entries.as_ptr(), 2) }
}
