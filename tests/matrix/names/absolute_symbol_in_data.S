// The same where data holds the number.
//#any-of: data table | data limit
#ifdef PATCHED
#define VALUE 200
#else
#define VALUE 100
#endif
	.globl limit, table
	.set limit, VALUE
	.data
	.balign 8
	.type table, @object
table:	.quad limit
	.size table, 8
	.section .note.GNU-stack, "", @progbits
