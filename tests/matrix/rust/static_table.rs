// A static table has a name, and is data of its own.
//#data: input::TABLE read-by=get
#![no_std]
#[cfg(patched)]
static TABLE: [u32; 6] = [11, 2, 33, 4, 55, 7];
#[cfg(not(patched))]
static TABLE: [u32; 6] = [11, 2, 33, 4, 55, 6];
#[no_mangle]
pub fn get(index: usize) -> u32 {
    *TABLE.get(index).unwrap_or(&0)
}
