// The array of which start and end are handed on has another element.
//#changed: find *
#![no_std]
extern "C" {
    fn probe(a: u16) -> bool;
}
#[cfg(patched)]
const LAST: u16 = 11;
#[cfg(not(patched))]
const LAST: u16 = 10;
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
    first(&mut [(1u16, 2u16), (3, 4), (5, 6), (7, 8), (9, LAST)].iter())
}
