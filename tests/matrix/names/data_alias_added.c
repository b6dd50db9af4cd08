// A static variable gets a global name besides: who uses it by its own name uses what it used.
//#compilers: gcc
//#may: note shown symbol
//#added: extra
static int count;
#ifdef PATCHED
extern int shown __attribute__((alias("count")));
int *extra(void) { return &shown; }
#endif
int next(void) { return ++count; }
int *place(void) { return &count; }
