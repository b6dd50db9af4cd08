// The second string is reached from the first one's symbol: whether the linker may take them apart makes a
// difference.
//#changed: f string
//#data-removed: .rodata.text
#ifdef PATCHED
#define FLAGS "aMS", @progbits, 1
#else
#define FLAGS "a"
#endif
	.text
	.globl f
	.type f, @function
f:	leaq .Lfirst+6(%rip), %rax
	ret
	.size f, . - f
	.section .rodata.text, FLAGS
.Lfirst:	.string "first"
	.string "second"
	.section .note.GNU-stack, "", @progbits
