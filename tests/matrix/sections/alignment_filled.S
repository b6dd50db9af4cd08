// The room in front of a name holds a constant without a name: the name does not ask for the alignment of its place.
//#data-removed: .rodata
//#removed: get
//#data-removed: before
	.text
	.globl get, name
#ifndef PATCHED
	.type get, @function
get:	movq .Lconstant(%rip), %rax
	ret
	.size get, . - get
#endif
	.section .rodata, "a", @progbits
#ifndef PATCHED
	.type before, @object
before:	.byte 1, 2, 3, 4
	.size before, 4
	.balign 16
.Lconstant:
	.quad 5, 6
#endif
	.type name, @object
name:	.ascii "a name"
	.size name, 6
