// Before a NOP, `inc` and `dec` of code for 32 bits look like prefixes of that NOP.
//#changed: start32 instruction
	.code32
	.text
	.globl start32
	.type start32, @function
start32:
	movl $7, %eax
#ifdef PATCHED
	decl %eax
#else
	incl %eax
#endif
	nop
	ret
	.size start32, .-start32
