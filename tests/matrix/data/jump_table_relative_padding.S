// Two entries of such a table are exchanged; read from its own place, the last one would lead into what aligns the next function.
//#changed: run jump-table
#ifdef PATCHED
#define FIRST 3b
#define LAST 1b
#else
#define FIRST 1b
#define LAST 3b
#endif
	.text
	.globl run, behind
	.type run, @function
run:	leaq .Ltable(%rip), %rdx
	movslq (%rdx, %rdi, 4), %rax
	addq %rdx, %rax
	jmp *%rax
1:	call one
2:	call two
3:	ret
	.size run, . - run
	.balign 64
	.type behind, @function
behind:	movl $1, %eax
	ret
	.size behind, . - behind
	.section .rodata
	.balign 4
.Ltable:
	.long FIRST - .Ltable, 2b - .Ltable, 2b - .Ltable, LAST - .Ltable
	.section .note.GNU-stack, "", @progbits
