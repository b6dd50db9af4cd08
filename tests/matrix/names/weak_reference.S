// A function that may be missing must be there.
//#any-of: changed f | note maybe binding
	.text
	.globl f
	.type f, @function
f:	lea maybe(%rip), %rdi
	jmp use
	.size f, . - f
#ifndef PATCHED
	.weak maybe
#endif
	.section .note.GNU-stack, "", @progbits
