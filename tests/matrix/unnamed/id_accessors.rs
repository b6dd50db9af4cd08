// The same where only accessors read it, one of each field.
//#changed: device *
//#may: changed vendor
//#may: changed info
#![no_std]
pub struct Id {
    vendor: u16,
    device: u16,
    data: usize,
}
#[cfg(patched)]
const DEVICE: u16 = 4;
#[cfg(not(patched))]
const DEVICE: u16 = 3;
const IDS: [Id; 4] = [
    Id { vendor: 1, device: 2, data: 0 },
    Id { vendor: 7, device: DEVICE, data: 1 },
    Id { vendor: 5, device: 9, data: 3 },
    Id { vendor: 0, device: 0, data: 0 },
];
#[no_mangle]
pub fn vendor(i: usize) -> u16 {
    IDS[i].vendor
}
#[no_mangle]
pub fn device(i: usize) -> u16 {
    IDS[i].device
}
#[no_mangle]
pub fn info(i: usize) -> usize {
    IDS[i].data
}
