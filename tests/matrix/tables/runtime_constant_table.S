// An instruction is listed by another table, or by one more.
//#changed: f instruction
//#changed: g instruction
	.text
	.globl f, g
	.type f, @function
f:
	inc %edx
1:	movabs $0x0123456789abcdef, %rax
	ret
	.size f, . - f
	.type g, @function
g:
	dec %edx
2:	movabs $0x0123456789abcdef, %rax
	ret
	.size g, . - g
#ifdef PATCHED
	.section runtime_ptr_other, "a"
	.long 1b + 2 - .
	.section runtime_ptr_limit, "a"
	.long 2b + 2 - .
	.section runtime_ptr_third, "a"
	.long 2b + 2 - .
#else
	.section runtime_ptr_limit, "a"
	.long 1b + 2 - .
	.long 2b + 2 - .
#endif
	.section .note.GNU-stack, "", @progbits
