// Two functions that the link with LTO made global have other hashes.
//#unchanged
#ifdef PATCHED
#define ONE "foo.llvm.11"
#define TWO "foo.llvm.12"
#else
#define ONE "foo.llvm.1"
#define TWO "foo.llvm.2"
#endif
	.text
	.globl f, ONE, TWO
	.type f, @function
f:	call ONE
	call TWO
	call ONE
	ret
	.size f, . - f
	.type ONE, @function
ONE:	mov $1, %eax
	ret
	.size ONE, . - ONE
	.type TWO, @function
TWO:	mov $2, %eax
	ret
	.size TWO, . - TWO
	.section .note.GNU-stack, "", @progbits
