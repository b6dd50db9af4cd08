// The last entry of such a table counts from the table's start; from its own place it would lead into the next function.
//#changed: behind instruction
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
	.type behind, @function
behind:
#ifdef PATCHED
	incl %eax
	incl %ecx
#endif
	movl $1, %eax
	movl $2, %ecx
	movl $3, %edx
	ret
	.size behind, . - behind
	.section .rodata
	.balign 4
.Ltable:
	.long 1b - .Ltable, 2b - .Ltable, 2b - .Ltable, 3b - .Ltable
	.section .note.GNU-stack, "", @progbits
