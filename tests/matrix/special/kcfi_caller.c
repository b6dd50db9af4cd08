// What an indirect call expects: an immediate.
//#compilers: clang
//#flags: -fsanitize=kcfi
//#changed: run instruction
#ifdef PATCHED
void run(void *f, void *p) { ((void (*)(unsigned *))f)(p); }
#else
void run(void *f, void *p) { ((void (*)(int *))f)(p); }
#endif
