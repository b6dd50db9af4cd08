// The mark at the start of a function, which says that jumps through pointers may lead there, is taken away by the kernel.
//#note: g seal
	.macro FUNCTION name
	.globl \name
	.type \name, @function
\name:
	endbr64
	incl (%rdi)
	ret
	.size \name, . - \name
	.endm
	.text
	FUNCTION f
	FUNCTION g
	.section .ibt_endbr_seal, "a"
	.long f - .
#ifdef PATCHED
	.long g - .
#endif
	.section .note.GNU-stack, "", @progbits
