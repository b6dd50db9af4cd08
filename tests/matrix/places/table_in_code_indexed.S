// The same with an index, so that the byte in front of the address looks like the opcode of a call.
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
g:	mov .Lt(%rax,%rbp,8), %ecx
	mov %ecx, %eax
	ret
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
