// The same where the bytes look like a jump over padding.
//#changed: tt *
	.text
	.globl f
	.type f, @function
f:	lea tt(%rip), %rax
	movzbl (%rax,%rdi), %eax
	ret
	.size f, . - f
	.type tt, @object
tt:
#ifdef PATCHED
	.byte 0xeb, 1, 0x90, 0x90, 0x90, 0xc3
#else
	.byte 0xeb, 2, 0x90, 0x90, 0x90, 0xc3
#endif
	.size tt, . - tt
	.section .note.GNU-stack, "", @progbits
