// The last link leaves out a function, a variable and an entry of a table (SHF_EXCLUDE).
//#changed: q section
//#data: v
//#data: own_table
#ifdef PATCHED
#define CODE "axe"
#define DATA "awe"
#define TABLE "ae"
#else
#define CODE "ax"
#define DATA "aw"
#define TABLE "a"
#endif
	.text
	.globl f, q, v
	.type f, @function
f:	ret
	.size f, . - f
	.section .text.q, CODE, @progbits
	.type q, @function
q:	mov $1, %eax
	ret
	.size q, . - q
	.section .data.v, DATA, @progbits
	.balign 8
	.type v, @object
v:	.quad 5
	.size v, 8
	.section own_table, TABLE, @progbits
	.balign 8
	.quad f
	.section .note.GNU-stack, "", @progbits
