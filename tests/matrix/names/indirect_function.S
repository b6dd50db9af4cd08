// Who calls a function calls what it returns (STT_GNU_IFUNC).
//#changed: q section
	.text
	.globl q, f
#ifdef PATCHED
	.type q, @gnu_indirect_function
#else
	.type q, @function
#endif
q:	lea f(%rip), %rax
	ret
	.size q, . - q
	.type f, @function
f:	call q
	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
