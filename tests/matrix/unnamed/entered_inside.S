// A constant without a symbol is walked from its start by one function and from its middle by another; what is behind
// the middle changes. Nothing in the object says that the first goes on that far: that it may is told.
//#changed: rest *
//#note: all extent
	.text
	.globl all, rest, other
	.type all, @function
all:	lea .Lnumbers(%rip), %rsi
	mov $6, %ecx
1:	add (%rsi), %eax
	add $4, %rsi
	dec %ecx
	jne 1b
	ret
	.size all, . - all
	.type rest, @function
rest:	lea .Lnumbers+12(%rip), %rsi
	mov $3, %ecx
1:	add (%rsi), %eax
	add $4, %rsi
	dec %ecx
	jne 1b
	ret
	.size rest, . - rest
	.type other, @function
other:	lea other_numbers(%rip), %rsi
	jmp all
	.size other, . - other
	.section .rodata
	.balign 8
.Lnumbers:
	.long 11, 12, 13, 14
#ifdef PATCHED
	.long 55
#else
	.long 15
#endif
	.long 16
	.type other_numbers, @object
other_numbers:
	.long 1, 2, 3, 4, 5, 6
	.size other_numbers, . - other_numbers
	.section .note.GNU-stack, "", @progbits
