// The same where both are in one section, so that the assembler leaves no relocation.
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
	.type g, @function
g:	lea .Lt(%rip), %rdi
	jmp use
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
