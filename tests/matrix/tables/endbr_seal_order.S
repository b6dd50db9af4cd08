// The same functions are listed in another order.
//#unchanged
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
#ifdef PATCHED
	.long g - .
	.long f - .
#else
	.long f - .
	.long g - .
#endif
	.section .note.GNU-stack, "", @progbits
