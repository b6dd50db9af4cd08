// A function of the same name, but here and local.
//#added: helper
//#changed: work relocation
//#unlocated: work
	.text
#ifdef PATCHED
	.type helper, @function
helper:	leal 1(%rdi), %eax
	ret
	.size helper, . - helper
#endif
	.globl work
	.type work, @function
work:	call helper
	ret
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
