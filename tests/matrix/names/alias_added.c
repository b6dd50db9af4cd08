// A static function gets a global name besides: who calls it by its own name calls what it called.
//#compilers: gcc
//#added: extra
//#may: note shown symbol
extern int step(int);
#ifdef PATCHED
int shown(int a) __attribute__((alias("show")));
int extra(void) { return step(3); }
#endif
static __attribute__((noinline)) int show(int a) { return step(a) + step(a + 1); }
int (*start(void))(int) { return show; }
int call(int a) { return show(a) + 1; }
