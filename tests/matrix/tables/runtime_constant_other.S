// A table without a reader lists another instruction of a function, another function's, or another part of the instruction.
//#changed: f instruction
//#changed: g instruction
//#changed: h instruction
//#changed: i instruction
	.text
	.globl f, g, h, i
	.type f, @function
f:
	inc %edx
1:	movabs $0x0123456789abcdef, %rax
2:	movabs $0x0123456789abcdef, %rax
	ret
	.size f, . - f
	.type g, @function
g:
	inc %edx
3:	movabs $0x0123456789abcdef, %rax
	ret
	.size g, . - g
	.type h, @function
h:
	dec %edx
4:	movabs $0x0123456789abcdef, %rax
	ret
	.size h, . - h
	.type i, @function
i:
	dec %ecx
5:	movabs $0x0123456789abcdef, %rax
	ret
	.size i, . - i
	.section runtime_ptr_limit, "a"
#ifdef PATCHED
	.long 2b + 2 - .
	.long 4b + 2 - .
	.long 5b + 3 - .
#else
	.long 1b + 2 - .
	.long 3b + 2 - .
	.long 5b + 2 - .
#endif
	.section .note.GNU-stack, "", @progbits
