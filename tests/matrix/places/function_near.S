// The address of a function of the same section is no place in its code: its padding does not count.
//#unchanged
	.text
	.globl f, g
	.type f, @function
f:	mov %rax, %rbx
	ret
	.size f, . - f
	.type h, @function
h:	mov %rbx, %rax
#ifdef PATCHED
	nopw 0(%rax,%rax)
#else
	nop
#endif
	mov %rax, %rcx
	ret
	.size h, . - h
	.type g, @function
g:	lea h(%rip), %rdi
	jmp use
	.size g, . - g
	.section .note.GNU-stack, "", @progbits
