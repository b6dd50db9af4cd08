// What such a constant holds counts.
//#compilers: clang
//#flags: -fsanitize=kernel-address -mllvm -asan-mapping-offset=0xdffffc0000000000
//#changed: fill_again constant
//#changed: asan.module_ctor *
//#changed: asan.module_dtor *
struct big { long words[40]; };
#ifdef PATCHED
#define WORD 9
#else
#define WORD 8
#endif
void fill(struct big *to) { *to = (struct big){ { 1, 2, 3, [30] = 7 } }; }
void fill_again(struct big *to) { *to = (struct big){ { 4, 5, 6, [31] = WORD } }; }
