// The same where another object defines them: of the first call of f, the other one is meant.
//#changed: f *
#ifdef PATCHED
#define CALLED "foo.llvm.2"
#else
#define CALLED "foo.llvm.1"
#endif
	.text
	.globl f
	.type f, @function
f:	call "foo.llvm.1"
	call "foo.llvm.2"
	call CALLED
	ret
	.size f, . - f
	.section .note.GNU-stack, "", @progbits
