// LLVM makes two variables of a static of two parts. A function that uses the other part has changed.
//#changed: f *
#![no_std]
struct Both {
    one: u32,
    two: u32,
}
static mut BOTH: Both = Both { one: 7, two: 7 };
#[no_mangle]
pub fn f() {
    unsafe {
        if cfg!(patched) {
            BOTH.two += 1;
        } else {
            BOTH.one += 1;
        }
    }
}
#[no_mangle]
pub fn g() -> u32 {
    unsafe { BOTH.one }
}
#[no_mangle]
pub fn h() -> u32 {
    unsafe { BOTH.two }
}
#[no_mangle]
pub fn i(x: u32) {
    unsafe {
        BOTH.one = x;
        BOTH.two = x + 1;
    }
}
