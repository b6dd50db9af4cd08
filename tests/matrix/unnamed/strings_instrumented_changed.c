// The same strings: one of them is another one, and two functions exchange theirs.
//#compilers: clang
//#flags: -fsanitize=kernel-address
//#changed: show *
//#changed: one *
//#changed: two *
//#changed: asan.module_ctor *
//#changed: asan.module_dtor *
extern int printk(const char *, ...);
#ifdef PATCHED
void show(int v) { printk("shown: %d\n", v); }
void one(int v) { printk("second %d\n", v); }
void two(int v) { printk("first %d\n", v); }
#else
void show(int v) { printk("shown %d\n", v); }
void one(int v) { printk("first %d\n", v); }
void two(int v) { printk("second %d\n", v); }
#endif
