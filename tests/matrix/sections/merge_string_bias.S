// A string that is read through an index from 1 on: the reference lies in front of it, in another string, and
// the linker keeps the distance to the string of the symbol.
//#changed: f string
#ifdef PATCHED
#define TEXT "abXd"
#else
#define TEXT "abcd"
#endif
	.text
	.globl f
	.type f, @function
f:	movsbl .Ltext-1(%rdi), %eax
	ret
	.size f, . - f
	.section .rodata.str1.1, "aMS", @progbits, 1
.Lfirst:	.string "first"
.Ltext:	.string TEXT
	.section .note.GNU-stack, "", @progbits
