// An initcall has another level: it runs later.
//#any-of: data .initcall6.init | data .initcall7.init | data-added .initcall7.init | note .initcall6.init order | note .initcall7.init order
//#may: data-removed .initcall6.init
#ifdef PATCHED
#define PLACE "7"
#else
#define PLACE "6"
#endif
int start(void) { return 1; }
asm(".section .initcall" PLACE ".init, \"a\"\n"
    "__initcall__kmod_x__1_10_start" PLACE ":\n\t.long start - .\n.previous");
