// The same in the tables that modpost or older kernels make.
//#note: work export
#ifdef PATCHED
#define TABLE "___ksymtab_gpl+work"
#else
#define TABLE "___ksymtab+work"
#endif
int work(int x) { return x * 3; }
asm(".section \"" TABLE "\",\"a\"\n\t.balign 4\n__ksymtab_work:\n\t.long work - .\n\t.long __kstrtab_work - .\n\t.long __kstrtabns_work - .\n.previous\n"
    ".section \"__ksymtab_strings\",\"aMS\",%progbits,1\n__kstrtab_work:\n\t.asciz \"work\"\n__kstrtabns_work:\n\t.asciz \"\"\n.previous");
