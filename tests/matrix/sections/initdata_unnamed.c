// A variable that cannot be named is given away after the start: whoever uses it is another.
//#any-of: changed get | data .init.data | data .data
#ifdef PATCHED
#define PLACE ".init.data"
#else
#define PLACE ".data"
#endif
static int __key[4] __asm__("__key.1") __attribute__((section(PLACE))) = { 5, 6 };
void use(int *);
void get(void) { use(__key); }
