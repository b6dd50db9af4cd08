// A relocation that does nothing, in code, data and a special section.
//#rule: no-relocation
//#unchanged
	.text
	.globl work
	.type work, @function
work:	movl state, %eax
1:	ud2
	ret
#ifdef PATCHED
	.reloc work + 3, R_X86_64_NONE, gone
	.reloc 1b, R_X86_64_NONE, gone
#endif
	.size work, . - work
	.section __bug_table, "aw"
2:	.long 1b - .
	.2byte 0x901, 0
#ifdef PATCHED
	.reloc 2b + 4, R_X86_64_NONE, gone
#endif
	.data
	.globl state
	.type state, @object
	.size state, 8
state:	.quad 5
#ifdef PATCHED
	.reloc state, R_X86_64_NONE, gone
#endif
	.section .note.GNU-stack, "", @progbits
