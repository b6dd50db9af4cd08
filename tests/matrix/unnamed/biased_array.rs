// An array that is indexed from -3; its first element changes. Without data sections it may be who indexes the one before it.
//#changed: zget *
//#may[plain|cross|linked]: changed aoth
//#may[plain|cross|linked]: changed zoth2
#![no_std]
#[cfg(patched)]
const FIRST: u32 = 77;
#[cfg(not(patched))]
const FIRST: u32 = 1;
#[no_mangle]
pub fn aoth(i: isize) -> u32 {
    const U: [u32; 9] = [21, 22, 23, 24, 25, 26, 27, 28, 29];
    if i < 9 && i >= 0 { U[i as usize] } else { 0 }
}
#[no_mangle]
pub fn zget(i: isize) -> u32 {
    const T: [u32; 7] = [FIRST, 2, 3, 4, 5, 6, 7];
    if i < -3 || i > 3 {
        return 0;
    }
    T[(i + 3) as usize]
}
#[no_mangle]
pub fn zoth2(i: isize) -> u32 {
    const U: [u32; 9] = [31, 32, 33, 34, 35, 36, 37, 38, 39];
    if i < 9 && i >= 0 { U[i as usize] } else { 0 }
}
