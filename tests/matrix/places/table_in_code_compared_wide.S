// A table at the end of one function. Another compares an element with a number of four bytes, which stands behind the address.
//#changed: f *
//#may: changed g
	.text
	.globl f, g
	.type f, @function
f:	mov %rax, %rbx
	ret
.Lt:
#ifdef PATCHED
	.byte 0x66, 0x90, 0x90, 0x90
#else
	.byte 0x90, 0x90, 0x90, 0x90
#endif
	.size f, . - f
	.section .text.g, "ax"
	.type g, @function
g:	cmpl $0x12345678, .Lt(%rip)
	sete %al
	ret
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
