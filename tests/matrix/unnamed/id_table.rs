// A constant table is given to C by one function, and read by an accessor of one field: another field changes.
//#changed: register *
//#may: changed info
#![no_std]
#[repr(C)]
pub struct Id {
    vendor: u16,
    device: u16,
    data: usize,
}
#[cfg(patched)]
const DEVICE: u16 = 4;
#[cfg(not(patched))]
const DEVICE: u16 = 3;
const IDS: [Id; 3] = [
    Id { vendor: 1, device: 2, data: 0 },
    Id { vendor: 1, device: DEVICE, data: 1 },
    Id { vendor: 0, device: 0, data: 0 },
];
extern "C" {
    fn reg(ids: *const Id);
}
#[no_mangle]
pub fn register() {
    unsafe { reg(IDS.as_ptr()) }
}
#[no_mangle]
pub fn info(i: usize) -> usize {
    IDS[i].data
}
