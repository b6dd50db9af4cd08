// A call with a relocation (PC32 or PLT32) and one without.
//#rule: branch-encoding
//#unchanged
	.text
	.type callee, @function
callee:	incl %eax
	ret
	.size callee, . - callee
	.globl work
	.type work, @function
work:
#ifdef PATCHED
	.byte 0xe8
	.long 0
	.reloc . - 4, R_X86_64_PC32, callee - 4
	.byte 0xe8
	.long 0
	.reloc . - 4, R_X86_64_PC32, outside - 4
#else
	call callee
	call outside
#endif
	ret
	.size work, . - work
	.section .note.GNU-stack, "", @progbits
