// An initcall with a section of its own comes to another level, another is not called any more, one calls another function.
//#one-way
//#data-added: .initcall6.init..kmod_x__501_3573_a
//#any-of: data .initcall2.init..kmod_x__502_3574_c | data-added .initcall2.init..kmod_x__502_3574_c
//#may: data-removed .initcall2.init..kmod_x__501_3573_a
//#may: data-removed .initcall2.init..kmod_x__502_3574_b
	.macro INITCALL level, id, name
	.section .initcall\level\().init..kmod_x__\id\()_\name, "a", @progbits
	.long \name - .
	.endm
	.text
	.globl a, b, c
	.type a, @function
a:	mov $1, %eax
	ret
	.size a, . - a
	.type b, @function
b:	mov $2, %eax
	ret
	.size b, . - b
	.type c, @function
c:	mov $3, %eax
	ret
	.size c, . - c
#ifdef PATCHED
	INITCALL 6, 501_3573, a
	INITCALL 2, 502_3574, c
#else
	INITCALL 2, 501_3573, a
	INITCALL 2, 502_3574, b
#endif
	.section .note.GNU-stack, "", @progbits
