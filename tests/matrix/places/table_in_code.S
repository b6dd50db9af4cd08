// A table among the code, as its symbol says, whose bytes look like padding.
//#changed: tt *
	.text
	.globl f, z
	.type f, @function
f:	lea tt(%rip), %rax
	movzbl (%rax,%rdi), %eax
	ret
	.size f, . - f
	.type tt, @object
tt:
#ifdef PATCHED
	.byte 0xc3, 0x90, 0x90, 0xc3
#else
	.byte 0x90, 0xc3, 0xc3, 0x90
#endif
	.size tt, . - tt
	.type z, @function
z:	mov $1, %eax
	ret
	.size z, . - z
	.section .note.GNU-stack, "", @progbits
