// Data within code that looks like a jump, short or near, to the same place.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:	movzbl .Ltab(%rdi), %eax
	ret
#ifdef PATCHED
.Ltab:	.byte 0xeb, 0x03, 0x0f, 0x1f, 0x00, 0xc3
#else
.Ltab:	.byte 0xe9, 0, 0, 0, 0, 0xc3
#endif
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
