// The method behind a trait object: its vtable is anonymous, but names the method.
//#changed: <input::Second as input::Step>::step instruction
#![no_std]
pub trait Step { fn step(&self, x: u32) -> u32; }
pub struct First;
pub struct Second;
impl Step for First { fn step(&self, x: u32) -> u32 { x + 11 } }
#[cfg(patched)]
impl Step for Second { fn step(&self, x: u32) -> u32 { x * 3 } }
#[cfg(not(patched))]
impl Step for Second { fn step(&self, x: u32) -> u32 { x * 5 } }
#[no_mangle]
pub fn choose(second: bool) -> &'static dyn Step {
    if second { &Second } else { &First }
}
