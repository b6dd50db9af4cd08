// The link with LTO makes a variable and a function global for another unit, or does not: they are the same ones, and so
// is what uses them.
//#unchanged
#ifdef PATCHED
#define STATE "state.llvm.77"
#define HELP "help.llvm.77"
	.globl STATE, HELP
	.hidden STATE, HELP
#else
#define STATE state
#define HELP help
#endif
	.text
	.globl f, g
	.type f, @function
f:	incl STATE(%rip)
	call HELP
	ret
	.size f, . - f
	.type g, @function
g:	mov $HELP, %rax
	mov STATE(%rip), %edx
	ret
	.size g, . - g
	.type HELP, @function
HELP:	mov $1, %eax
	ret
	.size HELP, . - HELP
	.data
	.balign 4
	.type STATE, @object
STATE:	.long 1
	.size STATE, 4
	.balign 8
	.globl ops
	.type ops, @object
ops:	.quad STATE, HELP
	.size ops, 16
	.section .note.GNU-stack, "", @progbits
