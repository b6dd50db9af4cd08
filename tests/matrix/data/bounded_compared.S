// An index that is compared, and nothing else can come behind the comparison.
//#changed: edited constant
	.text
	.globl edited, get
	.type edited, @function
edited:	xorl %eax, %eax
	cmpq $1, %rdi
	ja .Lend
	movl .Ltable(,%rdi,4), %eax
.Lend:	ret
	.size edited, . - edited
	.type get, @function
get:	cmpq $1, %rdi
	ja .Lnone
.Lread:	movl .Lother(,%rdi,4), %eax
	ret
	.size get, . - get
.Lnone:	xorl %eax, %eax
	ret
	.section .rodata, "a", @progbits
	.balign 8
.Lother:
	.long 1, 2
.Ltable:
#ifdef PATCHED
	.long 3, 5
#else
	.long 3, 4
#endif
