// A relocation type that is not known makes what holds it refused.
//#refused: work
	.text
	.globl work
	.type work, @function
work:	movq state@tpoff, %rax
#ifdef PATCHED
	nop
#endif
	ret
	.size work, . - work
	.globl other
	.type other, @function
other:	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
