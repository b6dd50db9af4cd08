// The last link leaves out tables that describe code: a fixup, and a place of a table without a reader.
//#changed: f exception-table
//#changed: g instruction
#ifdef PATCHED
#define TABLE "ae"
#else
#define TABLE "a"
#endif
	.text
	.globl f, g
	.type f, @function
f:
1:	mov (%rdi), %rax
2:	ret
	.size f, . - f
	.type g, @function
g:
	inc %edx
3:	movabs $0x0123456789abcdef, %rax
	ret
	.size g, . - g
	.section __ex_table, TABLE
	.balign 4
	.long 1b - ., 2b - .
	.long 3
	.section runtime_ptr_limit, TABLE
	.long 3b + 2 - .
	.section .note.GNU-stack, "", @progbits
