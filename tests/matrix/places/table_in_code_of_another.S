// A table at the end of one function is read by another.
//#changed: f *
//#may: changed g
	.text
	.globl f, g
	.type f, @function
f:	jmp use
.Lt:
#ifdef PATCHED
	.byte 0xc3, 0x90, 0x90, 0xc3
#else
	.byte 0x90, 0xc3, 0xc3, 0x90
#endif
	.size f, . - f
	.section .text.g, "ax"
	.type g, @function
g:	mov $.Lt, %rdi
	jmp use
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
