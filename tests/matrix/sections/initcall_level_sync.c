// An initcall becomes one that others wait for.
//#any-of: data .initcall6.init | data .initcall6s.init | data-added .initcall6s.init | note .initcall6.init order | note .initcall6s.init order
//#may: data-removed .initcall6.init
#ifdef PATCHED
#define PLACE "6s"
#else
#define PLACE "6"
#endif
int start(void) { return 1; }
asm(".section .initcall" PLACE ".init, \"a\"\n"
    "__initcall__kmod_x__1_10_start" PLACE ":\n\t.long start - .\n.previous");
