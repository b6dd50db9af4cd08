// GCC counts up from the byte before an array, and what lies there is the end of a jump table.
//#changed: run jump-table
#ifdef PATCHED
#define TARGETS 1b, 2b, 3b, 3b
#else
#define TARGETS 1b, 2b, 3b
#endif
	.text
	.globl run
	.type run, @function
run:	cmpl $3, %edi
	ja 3f
	jmp *.Ltable(, %rdi, 8)
1:	call one
2:	call two
3:	ret
	.size run, . - run
	.section .rodata
	.balign 8
.Ltable:
	.quad TARGETS
	.type prefix, @object
prefix:	.ascii "\017\013one"
	.size prefix, . - prefix
	.text
	.globl walk
	.type walk, @function
walk:	movq $prefix - 1, %rdi
1:	addq $1, %rdi
	cmpb %sil, (%rdi)
	jne 1b
	ret
	.size walk, . - walk
	.section .note.GNU-stack, "", @progbits
