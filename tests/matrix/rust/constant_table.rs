// A constant table without a name.
//#changed: get constant
//#may[plain|linked]: changed other
#![no_std]
#[cfg(patched)]
const TABLE: [u32; 6] = [11, 2, 33, 4, 55, 7];
#[cfg(not(patched))]
const TABLE: [u32; 6] = [11, 2, 33, 4, 55, 6];
#[no_mangle]
pub fn get(index: usize) -> u32 {
    *TABLE.get(index).unwrap_or(&0)
}
#[no_mangle]
pub fn other(index: usize) -> u32 {
    *[1u32, 12, 3, 14, 5, 16].get(index).unwrap_or(&0)
}
