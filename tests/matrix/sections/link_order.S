// Two entries of a table exchange the sections that they are linked to: the linker sorts them by those.
//#note[plain|sections|cross]: own_table order
//#any-of[linked]: data own_table | note own_table order
#ifdef PATCHED
#define FIRST .text.b
#define SECOND .text.a
#else
#define FIRST .text.a
#define SECOND .text.b
#endif
	.section .text.a, "ax", @progbits
	.globl o
	.type o, @function
o:	mov $1, %eax
	ret
	.size o, . - o
	.section .text.b, "ax", @progbits
	.globl p
	.type p, @function
p:	mov $2, %eax
	ret
	.size p, . - p
	.section own_table, "ao", @progbits, FIRST
	.quad o
	.section own_table, "ao", @progbits, SECOND
	.quad p
	.section .note.GNU-stack, "", @progbits
