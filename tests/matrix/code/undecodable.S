// Bytes that are no instruction make their function refused, and no other.
//#refused: work
	.text
	.globl work
	.type work, @function
work:	.byte 0x06
#ifdef PATCHED
	.byte 0x07
#endif
	ret
	.size work, . - work
	.globl other
	.type other, @function
other:	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
