// The same, where the other function compares a byte of it with a number, which stands behind the address.
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
g:	cmpb $7, .Lt(%rip)
	sete %al
	ret
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
