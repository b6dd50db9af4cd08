// It is taken away from another function.
//#note: f seal
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
	FUNCTION h
	.section .ibt_endbr_seal, "a"
	.long h - .
#ifdef PATCHED
	.long g - .
#else
	.long f - .
#endif
	.section .note.GNU-stack, "", @progbits
