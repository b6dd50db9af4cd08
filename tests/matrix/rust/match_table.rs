// Constants of a match that becomes a table (switch.table).
//#changed: pick constant
#![no_std]
#[cfg(patched)]
const LAST: u32 = 97;
#[cfg(not(patched))]
const LAST: u32 = 96;
#[no_mangle]
pub fn pick(n: u32) -> u32 {
    match n { 0 => 31, 1 => 17, 2 => 54, 3 => 3, 4 => 12, 5 => LAST, _ => 0 }
}
#[no_mangle]
pub fn other(n: u32) -> u32 {
    match n { 0 => 131, 1 => 117, 2 => 154, 3 => 13, 4 => 112, 5 => 119, _ => 0 }
}
