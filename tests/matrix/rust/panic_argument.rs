// A message with a value in it: the pieces of text around it.
//#changed: check string
#![no_std]
#[cfg(patched)]
macro_rules! message { ($v:expr) => { panic!("the value {} is high", $v) } }
#[cfg(not(patched))]
macro_rules! message { ($v:expr) => { panic!("the value {} is wide", $v) } }
#[no_mangle]
pub fn check(value: u32) -> u32 {
    if value > 9 { message!(value) }
    value
}
