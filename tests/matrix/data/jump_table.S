// Two targets of a jump table are exchanged.
//#changed: run jump-table
#ifdef PATCHED
#define TARGETS 2b, 1b, 3b
#else
#define TARGETS 1b, 2b, 3b
#endif
	.text
	.globl run
	.type run, @function
run:	cmpl $2, %edi
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
	.text
	.globl other
	.type other, @function
other:	cmpl $2, %edi
	ja 3f
	jmp *.Lother(, %rdi, 8)
1:	call one
2:	call two
3:	ret
	.size other, . - other
	.section .rodata
.Lother:
	.quad 1b, 2b, 3b
	.section .note.GNU-stack, "", @progbits
