// A jump into the middle of another function that goes one instruction farther.
//#changed: work relocation
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
other:	incl %eax
1:	decl %eax
2:	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
