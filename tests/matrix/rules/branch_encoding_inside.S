// A short jump and a near one to the same place, inside a function and out of it.
//#rule: branch-encoding
//#unchanged
	.text
	.globl work
	.type work, @function
work:	testl %edi, %edi
#ifdef PATCHED
	.byte 0x0f, 0x84
	.long 1f - 2f
2:
#else
	.byte 0x74, 1f - 2f
2:
#endif
	incl %eax
1:	decl %eax
#ifdef PATCHED
	.byte 0xe9
	.long other - 3f
3:
#else
	.byte 0xeb, other - 3f
3:
#endif
	.size work, . - work
	.type other, @function
other:	incl %eax
	ret
	.size other, . - other
	.section .note.GNU-stack, "", @progbits
