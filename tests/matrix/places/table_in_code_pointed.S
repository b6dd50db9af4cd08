// The same where a variable holds the address of the table.
//#changed: f *
//#may: data pointer
	.text
	.globl f
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
	.data
	.globl pointer
	.type pointer, @object
pointer:
	.quad .Lt
	.size pointer, . - pointer
	.section .note.GNU-stack, "", @progbits
