// The number of a clone that GCC made.
//#unchanged
#ifdef PATCHED
#define HELPER helper.constprop.1
#define OTHER helper.isra.0
#else
#define HELPER helper.constprop.0
#define OTHER helper.isra.2
#endif
	.text
	.type HELPER, @function
HELPER:	leal 1(%rdi), %eax
	ret
	.size HELPER, . - HELPER
	.type OTHER, @function
OTHER:	leal 2(%rdi), %eax
	ret
	.size OTHER, . - OTHER
	.globl work
	.type work, @function
work:	call HELPER
	call OTHER
	ret
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
