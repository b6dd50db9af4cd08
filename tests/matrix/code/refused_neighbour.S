// A function that cannot be read any more still says where the unnamed data of another one ends.
//#refused: other
	.section .rodata
.LC0:	.quad 1, 2
.LC1:	.quad 3, 4
	.text
	.globl work
	.type work, @function
work:	movq $.LC0, %rdi
	jmp use
	.size work, . - work
	.globl other
	.type other, @function
other:
#ifdef PATCHED
	.byte 0x06
#endif
	movq $.LC1, %rdi
	jmp use
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
