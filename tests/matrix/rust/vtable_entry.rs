// Another type behind a trait object: the vtable has another method.
//#changed: choose constant
#![no_std]
pub trait Step { fn step(&self, x: u32) -> u32; }
pub struct First;
pub struct Second;
impl Step for First { fn step(&self, x: u32) -> u32 { x + 11 } }
impl Step for Second { fn step(&self, x: u32) -> u32 { x * 3 } }
#[no_mangle]
pub fn choose() -> &'static dyn Step {
    #[cfg(patched)]
    return &Second;
    #[cfg(not(patched))]
    return &First;
}
#[no_mangle]
pub fn keep(second: bool) -> &'static dyn Step {
    if second { &Second } else { &First }
}
