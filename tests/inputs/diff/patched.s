# What two objects can differ in. The assembler's output does not depend on a compiler.
	.text
	.globl	same, twice, greet, new, caller
	.type	twice, @function
twice:
	leal	(%rdi,%rdi,2), %eax
	ret
	.size	twice, .-twice

	.type	greet, @function
greet:
	movq	$.Lgreeting, %rdi
	jmp	printk
	.size	greet, .-greet

	.p2align 5
	.type	same, @function
same:
	movl	$1, %eax
	ret
	.size	same, .-same

	.type	new, @function
new:
	movl	$2, %eax
	ret
	.size	new, .-new

	.type	caller, @function
caller:
	call	same
	jmp	twice
	.size	caller, .-caller

	.section .rodata.str1.1, "aMS", @progbits, 1
.Lgreeting:
	.string	"hallo"
