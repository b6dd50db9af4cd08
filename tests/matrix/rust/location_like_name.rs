// The name of a source file beside two numbers: only they are taken for a line and a column.
//#may[plain|linked]: note other extent
//#changed: list constant
#![no_std]
#[repr(C)]
struct Entry(&'static str, u32, u32);
extern "C" {
    fn put(entry: &Entry);
}
#[cfg(patched)]
const NAME: &str = "src/b.rs";
#[cfg(not(patched))]
const NAME: &str = "src/a.rs";
#[no_mangle]
pub fn list() {
    let entry: &'static Entry = &Entry(NAME, 12, 3);
    unsafe { put(entry) }
}
#[no_mangle]
pub fn other() {
    let entry: &'static Entry = &Entry("src/c.rs", 14, 3);
    unsafe { put(entry) }
}
