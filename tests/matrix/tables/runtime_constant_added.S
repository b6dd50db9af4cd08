// A new function has a place in a table without a reader: the other entries are what they were.
//#added: h
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
	PLACE f, 1
#ifdef PATCHED
	PLACE h, 3
#endif
	PLACE g, 2
	.section .note.GNU-stack, "", @progbits
