// Of two functions that the link with LTO made global, one after the other is called, then the second instead of the first.
//#changed: f *
#ifdef PATCHED
#define CALLED "foo.llvm.2"
#else
#define CALLED "foo.llvm.1"
#endif
	.text
	.globl f, "foo.llvm.1", "foo.llvm.2"
	.type f, @function
f:	call "foo.llvm.1"
	call "foo.llvm.2"
	call CALLED
	ret
	.size f, . - f
	.type "foo.llvm.1", @function
"foo.llvm.1":
	mov $1, %eax
	ret
	.size "foo.llvm.1", . - "foo.llvm.1"
	.type "foo.llvm.2", @function
"foo.llvm.2":
	mov $2, %eax
	ret
	.size "foo.llvm.2", . - "foo.llvm.2"
	.section .note.GNU-stack, "", @progbits
