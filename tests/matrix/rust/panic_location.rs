// A panic that only moved to another line.
//#rule: line-number
//#unchanged
#![no_std]

#[rustfmt::skip]
#[cfg(patched)]
macro_rules! get { ($v:expr, $i:expr) => {

    $v[$i]
} }
#[cfg(not(patched))]
macro_rules! get { ($v:expr, $i:expr) => { $v[$i] } }
#[no_mangle]
pub fn get(values: &[u32], index: usize) -> u32 {
    get!(values, index)
}
#[cfg(patched)]
#[no_mangle]
pub fn later(values: &[u32]) -> u32 {

    values.iter().copied().reduce(|a, b| a ^ b).unwrap()
}
#[cfg(not(patched))]
#[no_mangle]
pub fn later(values: &[u32]) -> u32 {
    values.iter().copied().reduce(|a, b| a ^ b).unwrap()
}
