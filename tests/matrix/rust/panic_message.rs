// The message of a panic.
//#changed: check string
#![no_std]
#[cfg(patched)]
macro_rules! message { () => { "value too high" } }
#[cfg(not(patched))]
macro_rules! message { () => { "value too wide" } }
#[no_mangle]
pub fn check(value: u32) -> u32 {
    if value > 9 { panic!(message!()) }
    value
}
#[no_mangle]
pub fn other(value: u32) -> u32 {
    if value > 8 { panic!("value too odd!") }
    value
}
