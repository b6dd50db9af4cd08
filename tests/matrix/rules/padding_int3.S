// What fills the room between functions.
//#rule: padding
//#unchanged
	.text
	.globl first
	.type first, @function
first:	leal 1(%rdi), %eax
	ret
	.size first, . - first
#ifdef PATCHED
	.byte 0xcc, 0xcc, 0xcc, 0xcc, 0xcc, 0xcc
#else
	.byte 0x90, 0x66, 0x90
#endif
	.globl second
	.type second, @function
second:	leal 2(%rdi), %eax
	ret
	.size second, . - second
	.section .note.GNU-stack, "", @progbits
