# What two objects can differ in. The assembler's output does not depend on a compiler.
	.text
	.globl	same, twice, greet, gone, caller
	.type	same, @function
same:
	movl	$1, %eax
	ret
	.size	same, .-same

	.p2align 4
	.type	twice, @function
twice:
	leal	(%rdi,%rdi), %eax
	ret
	.size	twice, .-twice

	.type	greet, @function
greet:
	movq	$.Lgreeting, %rdi
	jmp	printk
	.size	greet, .-greet

	.type	gone, @function
gone:
	xorl	%eax, %eax
	ret
	.size	gone, .-gone

	.type	caller, @function
caller:
	call	same
	ret
	.size	caller, .-caller

	.section .rodata.str1.1, "aMS", @progbits, 1
.Lgreeting:
	.string	"hello"
