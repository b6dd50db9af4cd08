// An array that is indexed from 100: what the code refers to lies before it.
//#changed: zget *
//#may[plain|cross|linked]: changed aoth
//#may[plain|cross|linked]: changed zoth2
#![no_std]
#[cfg(patched)]
const THIRD: u32 = 77;
#[cfg(not(patched))]
const THIRD: u32 = 3;
#[no_mangle]
pub fn aoth(i: usize) -> u32 {
    const U: [u32; 9] = [21, 22, 23, 24, 25, 26, 27, 28, 29];
    if i < 9 { U[i] } else { 0 }
}
#[no_mangle]
pub fn zget(i: usize) -> u32 {
    const T: [u32; 7] = [1, 2, THIRD, 4, 5, 6, 7];
    if i < 100 || i > 106 {
        return 0;
    }
    T[i - 100]
}
#[no_mangle]
pub fn zoth2(i: usize) -> u32 {
    const U: [u32; 9] = [31, 32, 33, 34, 35, 36, 37, 38, 39];
    if i < 9 { U[i] } else { 0 }
}
