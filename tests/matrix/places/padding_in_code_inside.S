// Another element of a table among the code of a function is read, which looks like padding. A third function reads its start.
//#changed: f relocation
	.text
	.globl f
	.type f, @function
#ifdef PATCHED
f:	movzbl .Lt + 3(%rip), %eax
#else
f:	movzbl .Lt + 1(%rip), %eax
#endif
	ret
	.size f, . - f
	.globl h
	.type h, @function
h:	movzbl .Lt(%rip), %eax
	ret
	.size h, . - h
	.section .text.g, "ax"
	.globl g
	.type g, @function
g:	ret
.Lt:	.byte 0x90, 0x90, 0x90, 0x90, 0xc3
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
