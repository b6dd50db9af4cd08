// A call of the other of two clones.
//#changed: work *
//#unlocated: work
#ifdef PATCHED
#define CALLED helper.constprop.1
#else
#define CALLED helper.constprop.0
#endif
	.text
	.type helper.constprop.0, @function
helper.constprop.0:
	leal 1(%rdi), %eax
	ret
	.size helper.constprop.0, . - helper.constprop.0
	.type helper.constprop.1, @function
helper.constprop.1:
	leal 2(%rdi), %eax
	ret
	.size helper.constprop.1, . - helper.constprop.1
	.globl work
	.type work, @function
work:	call CALLED
	ret
	.size work, . - work
	.globl other
	.type other, @function
other:	call helper.constprop.0
	call helper.constprop.1
	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
