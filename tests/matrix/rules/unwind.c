// Unwind tables of compiler and objtool.
//#rule: unwind
//#patched-flags: -fasynchronous-unwind-tables
//#unchanged
void use(int *);
int work(int x)
{
	int y = x;
	use(&y);
#ifdef PATCHED
	asm("9:\n\t.pushsection .orc_unwind_ip, \"a\"\n\t.long 9b - .\n\t.popsection\n"
	    "\t.pushsection .orc_unwind, \"a\"\n\t.2byte 8, 16, 3\n\t.popsection\n"
	    "\t.pushsection .orc_header, \"a\"\n\t.quad 1, 2\n\t.popsection\n"
	    "\t.pushsection .orc_lookup, \"a\"\n\t.long 7\n\t.popsection\n");
#endif
	return y;
}
