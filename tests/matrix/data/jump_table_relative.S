// A jump table of distances from its own start, as position-independent code has them.
//#changed: run jump-table
#ifdef PATCHED
#define FIRST 2b
#define SECOND 1b
#else
#define FIRST 1b
#define SECOND 2b
#endif
	.text
	.globl run
	.type run, @function
run:	leaq .Ltable(%rip), %rdx
	movslq (%rdx, %rdi, 4), %rax
	addq %rdx, %rax
	jmp *%rax
1:	call one
2:	call two
3:	ret
	.size run, . - run
	.section .rodata
	.balign 4
.Ltable:
	.long FIRST - .Ltable, SECOND - .Ltable, 3b - .Ltable
	.section .note.GNU-stack, "", @progbits
