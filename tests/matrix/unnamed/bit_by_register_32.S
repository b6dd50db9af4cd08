// The same with four bytes, and memory that is written to.
//#changed: f *
#ifdef PATCHED
#define FOURTH 9
#else
#define FOURTH 4
#endif
	.text
	.globl f
	.type f, @function
f:	lock btsl %edi, .Lbits(%rip)
	setc %al
	ret
	.size f, . - f
	.data
	.balign 4
.Lbits:	.long 1, 2, 3, FOURTH
	.section .note.GNU-stack, "", @progbits
