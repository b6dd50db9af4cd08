// SPDX-License-Identifier: GPL-2.0
OUTPUT_FORMAT("elf64-x86-64")
ENTRY(startup_64)

SECTIONS
{
	. = 0xffffffff81000000;
	.text : {
		_stext = .;
		*(.head.text)
		*(.text .text.*)
		*(.static_call.text)
		_etext = .;
	}

	. = ALIGN(4096);
	.rodata : { *(.rodata .rodata.*) }
	.export_symbol : { *(.export_symbol) }
	__ex_table : { __start___ex_table = .; *(__ex_table) __stop___ex_table = .; }
#ifdef CONFIG_FUNCTION_TRACER
	__mcount_loc : { __start_mcount_loc = .; *(__mcount_loc) __stop_mcount_loc = .; }
#endif

	. = ALIGN(4096);
	.data : { *(.data .data.[!.]*) }
	.data..percpu : { *(.data..percpu) }
	__bug_table : { __start___bug_table = .; *(__bug_table) __stop___bug_table = .; }
	__jump_table : { __start___jump_table = .; *(__jump_table) __stop___jump_table = .; }
	.static_call_sites : { *(.static_call_sites) }

	. = ALIGN(4096);
	.init.text : { *(.init.text) }
	.init.data : {
		*(.init.data)
		. = ALIGN(4);
		__initcall_start = .;
		*(.initcall1.init) *(.initcall5.init) *(.initcall6.init)
		__initcall_end = .;
	}
	.altinstructions : { *(.altinstructions) }
	.altinstr_replacement : { *(.altinstr_replacement) }

	. = ALIGN(4096);
	.bss : { *(.bss .bss.*) *(COMMON) }
	_end = .;

	/DISCARD/ : { *(.discard.*) *(.exit.text) *(.exitcall.exit) *(.modinfo) *(.note.*) *(.comment) *(.eh_frame) }
}
