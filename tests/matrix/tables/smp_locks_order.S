// The same places are listed in another order, and the functions stand in another order.
//#unchanged
	.macro FUNCTION name, instruction
	.globl \name
	.type \name, @function
\name:
1:	lock \instruction (%rdi)
	ret
	.size \name, . - \name
	.pushsection .smp_locks, "a"
	.balign 4
	.long 1b - .
	.popsection
	.endm
	.text
#ifdef PATCHED
	FUNCTION g, decl
	FUNCTION f, incl
#else
	FUNCTION f, incl
	FUNCTION g, decl
#endif
	.section .note.GNU-stack, "", @progbits
