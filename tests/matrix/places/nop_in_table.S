// Bytes within code that are read as data look like NOPs.
//#changed: f *
	.text
	.globl f
	.type f, @function
f:	lea .Ltab(%rip), %rax
	movzbl (%rax, %rdi), %eax
	ret
#ifdef PATCHED
.Ltab:	.byte 0xc3, 0x90, 0x90, 0xc3
#else
.Ltab:	.byte 0x90, 0xc3, 0xc3, 0x90
#endif
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
