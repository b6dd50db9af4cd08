// A function is for modules under the GPL only. (As compilers see it since 6.4; modpost makes the tables.)
//#note: work export
#ifdef PATCHED
#define LICENSE "GPL"
#else
#define LICENSE ""
#endif
int work(int x) { return x * 3; }
asm(".section \".export_symbol\",\"a\"\n__export_symbol_work:\n\t.asciz \"" LICENSE "\"\n\t.asciz \"\"\n\t.balign 8\n\t.quad work\n.previous");
