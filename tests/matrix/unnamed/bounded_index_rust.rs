// Functions keep within their own tables: an index that is masked, compared, scaled, or a letter.
//#changed: edited constant
//#variants: plain sections linked
#![no_std]
#[cfg(patched)]
const EDIT: u32 = 70;
#[cfg(not(patched))]
const EDIT: u32 = 7;
#[no_mangle]
pub fn edited(i: usize) -> u32 {
    const T: [(u32, u8, u64); 4] = [(1, 2, 3), (4, 5, 6), (EDIT, 8, 9), (10, 11, 12)];
    T[i].0
}
#[no_mangle]
pub fn fields(i: usize) -> u64 {
    const T: [(u32, u8, u64); 4] = [(21, 2, 3), (24, 5, 6), (27, 8, 9), (20, 11, 12)];
    T[i].2
}
#[no_mangle]
pub fn mask(i: usize) -> u64 {
    const T: [u64; 8] = [31, 2, 3, 4, 5, 6, 7, 8];
    T[i & 7]
}
#[no_mangle]
pub fn grid(i: usize, j: usize) -> u32 {
    const T: [[u32; 3]; 3] = [[41, 2, 3], [44, 5, 6], [47, 8, 9]];
    T[i][j]
}
#[no_mangle]
pub fn letter(i: u8) -> u16 {
    const T: [u16; 5] = [51, 52, 53, 54, 56];
    match i {
        b'a'..=b'e' => T[(i - b'a') as usize],
        _ => 0,
    }
}
