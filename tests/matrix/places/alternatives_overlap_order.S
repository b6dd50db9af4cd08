// Of two alternatives for overlapping code the later one in the table wins where they overlap.
//#changed: f *
#define ENTRY(from, size, with) .long from - ., with - .; .short 0x134, 0; .byte size, size
	.text
	.globl f
	.type f, @function
f:
.La:	mov $1, %eax
.Lb:	add $2, %ecx
	ret
	.size f, . - f
	.section .altinstructions, "a"
#ifdef PATCHED
	ENTRY(.Lb, 3, .Lnew_b)
	ENTRY(.La, 8, .Lnew_a)
#else
	ENTRY(.La, 8, .Lnew_a)
	ENTRY(.Lb, 3, .Lnew_b)
#endif
	.section .altinstr_replacement, "ax"
.Lnew_a:
	mov $2, %eax
	add $2, %ecx
.Lnew_b:
	add $4, %ecx
	.section .note.GNU-stack, "", @progbits
