// A static that looks like a panic location is data of its own.
//#data: input::ENTRY read-by=list
#![no_std]
#[repr(C)]
struct Entry(&'static str, u32, u32);
extern "C" {
    fn put(entry: &Entry);
}
#[cfg(patched)]
static ENTRY: Entry = Entry("src/a.rs", 13, 3);
#[cfg(not(patched))]
static ENTRY: Entry = Entry("src/a.rs", 12, 3);
#[no_mangle]
pub fn list() {
    unsafe { put(&ENTRY) }
}
