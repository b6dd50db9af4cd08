// The memory of one is freed after boot, that of the other is not.
//#variants: plain sections
//#data: limit
#ifdef PATCHED
#define IN ".init.data"
#else
#define IN ".ref.data"
#endif
int limit __attribute__((section(IN))) = 5;
int get(void) { return limit; }
