// Code reads the upper half of an address of data: what it is the address of cannot be compared then.
//#refused: read
//#refused: .rodata
#ifdef PATCHED
#define TARGET two
#else
#define TARGET one
#endif
	.text
	.globl read
	.type read, @function
read:	movl .Lpair + 4(%rip), %eax
	ret
	.size read, . - read
	.section .rodata
	.balign 8
.Lpair:	.quad TARGET
	.type array, @object
array:	.ascii "one"
	.size array, . - array
	.section .note.GNU-stack, "", @progbits
