// A function hands on start and end of a constant array; another function and its constant are added behind.
//#added: extra
//#may: data-added .rodata
//#gap[plain|linked|cross]: without data sections the end of one object is taken for the start of the next
#![no_std]
extern "C" {
    fn probe(a: u16) -> bool;
}
#[inline(never)]
fn first(it: &mut dyn Iterator<Item = &'static (u16, u16)>) -> u16 {
    while let Some(v) = it.next() {
        if unsafe { probe(v.0) } {
            return v.1;
        }
    }
    0
}
#[no_mangle]
pub fn find() -> u16 {
    first(&mut [(1u16, 2u16), (3, 4), (5, 6), (7, 8), (9, 10)].iter())
}
#[cfg(patched)]
#[no_mangle]
pub fn extra(x: Option<u32>) -> u32 {
    x.unwrap()
}
