// The entries of two functions stand in another order in a table without a reader.
//#note: runtime_ptr_limit order
	.macro PLACE name, number
	.globl \name
	.type \name, @function
\name:
	add $\number, %edx
1:	movabs $0x0123456789abcdef, %rax
	.pushsection runtime_ptr_limit, "a"
	.long 1b + 2 - .
	.popsection
	ret
	.size \name, . - \name
	.endm
	.text
#ifdef PATCHED
	PLACE g, 2
	PLACE f, 1
#else
	PLACE f, 1
	PLACE g, 2
#endif
	.section .note.GNU-stack, "", @progbits
