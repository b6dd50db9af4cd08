// Data within code: three bytes that are one NOP, or three.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:	movzbl .Ltab(%rdi), %eax
	ret
#ifdef PATCHED
.Ltab:	.byte 0x0f, 0x1f, 0x00, 0xc3
#else
.Ltab:	.byte 0x90, 0x90, 0x90, 0xc3
#endif
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
