// The checksum of an exported function's type, as a name for a number, belongs to the export and not to the code.
//#unchanged
//#may: note work export
#ifdef PATCHED
#define CRC 0x5678
#else
#define CRC 0x1234
#endif
	.text
	.globl work, __crc_work
	.type work, @function
work:	incl (%rdi)
	ret
	.size work, . - work
	.set __crc_work, CRC
	.section "___kcrctab+work", "a"
	.balign 4
	.long __crc_work
	.section .note.GNU-stack, "", @progbits
