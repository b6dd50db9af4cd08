// Another element of a table among the code is read, whose bytes look like padding.
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
	.section .text.tt, "ax"
	.globl tt
	.type tt, @object
tt:
.Lt:	.byte 0x90, 0x90, 0x90, 0x90, 0x06, 0x06
	.size tt, . - tt
	.section .note.GNU-stack, "", @progbits
