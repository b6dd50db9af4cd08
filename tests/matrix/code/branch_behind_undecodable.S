// A jump into another function, behind bytes that are no instruction: nothing tells which instruction it leads to.
//#refused: work
//#refused: other
#ifdef PATCHED
#define TARGET 2f
#else
#define TARGET 1f
#endif
	.text
	.globl work
	.type work, @function
work:	jmp TARGET
	.size work, . - work
	.globl other
	.type other, @function
other:	ret
	.byte 0x06
1:	incl %eax
2:	decl %eax
	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
