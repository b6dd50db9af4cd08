// A thunk that traps with udb, an opcode that is invalid by definition, and goes on with another condition.
//#changed: work instruction
#ifdef PATCHED
#define CONDITION js
#else
#define CONDITION jne
#endif
	.text
	.globl work
	.type work, @function
work:	.byte 0xd6
	CONDITION work
	jmp *%rax
	.size work, . - work
	.globl other
	.type other, @function
other:	.byte 0xd6
	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
