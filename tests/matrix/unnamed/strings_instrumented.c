// With KASAN each string has a symbol with a number: strings before others renumber them.
//#compilers: clang
//#flags: -fsanitize=kernel-address
//#added: extra
//#changed: asan.module_ctor *
//#changed: asan.module_dtor *
//#may: data-added .rodata
//#may: data-added .data
extern int printk(const char *, ...);
#ifdef PATCHED
void extra(void) { printk("extra\n"); }
#endif
void show(int v) { printk("shown %d\n", v); }
void tell(int v) { printk("told %d\n", v); }
