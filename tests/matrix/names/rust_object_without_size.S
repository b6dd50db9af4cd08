// A variable of Rust that holds nothing, and behind it a constant of a function.
//#changed: f constant
	.text
	.globl f
	.type f, @function
f:	movq .rodata(%rip), %rax
	ret
	.size f, . - f
	.section .rodata, "a"
	.globl _RNvNvCs3gMdcs4TLvS_4demo6module16___IS_RUST_MODULE
	.type _RNvNvCs3gMdcs4TLvS_4demo6module16___IS_RUST_MODULE, @object
_RNvNvCs3gMdcs4TLvS_4demo6module16___IS_RUST_MODULE:
	.size _RNvNvCs3gMdcs4TLvS_4demo6module16___IS_RUST_MODULE, 0
#ifdef PATCHED
	.quad 7
#else
	.quad 5
#endif
