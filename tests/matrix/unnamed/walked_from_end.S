// A constant without a symbol that is walked from its end, where another one starts.
//#changed: first *
//#note: backwards extent
	.text
	.globl first, backwards, behind
	.type first, @function
first:	mov .Lbefore(, %rdi, 4), %eax
	ret
	.size first, . - first
	.type backwards, @function
backwards:
	lea .Lnumbers+24(%rip), %rsi
	mov $6, %ecx
1:	sub $4, %rsi
	add (%rsi), %eax
	dec %ecx
	jne 1b
	ret
	.size backwards, . - backwards
	.type behind, @function
behind:	cmp $3, %rdi
	ja 1f
	mov .Lbehind(, %rdi, 4), %eax
1:	ret
	.size behind, . - behind
	.section .rodata
	.balign 8
.Lbefore:
	.long 1, 2, 3, 4
.Lnumbers:
	.long 11, 12, 13
#ifdef PATCHED
	.long 44
#else
	.long 14
#endif
	.long 15, 16
.Lbehind:
	.long 21, 22, 23, 24
	.section .note.GNU-stack, "", @progbits
