// An index that is compared, and another one that comes from a cold part behind the comparison.
//#changed: edited constant
//#changed: get constant
//#unlocated: get
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
get:	testq %rsi, %rsi
	je get.cold
	cmpq $1, %rdi
	ja .Lend_of_get
.Lread:	movl .Lother(,%rdi,4), %eax
.Lend_of_get:
	ret
	.size get, . - get
	.section .text.unlikely, "ax", @progbits
	.type get.cold, @function
get.cold:
	movl take(%rip), %edi
	jmp .Lread
	.size get.cold, . - get.cold
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
