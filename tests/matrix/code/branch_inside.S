// A jump inside the function that goes one instruction farther.
//#changed: work instruction
#ifdef PATCHED
#define TARGET 2f
#else
#define TARGET 1f
#endif
	.text
	.globl work
	.type work, @function
work:	testl %edi, %edi
	je TARGET
	incl %eax
1:	decl %eax
2:	ret
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
