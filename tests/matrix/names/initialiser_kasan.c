// With KASAN, clang gives the constants of compound literals symbols, and numbers them in the order of the file.
//#compilers: clang
//#flags: -fsanitize=kernel-address -mllvm -asan-mapping-offset=0xdffffc0000000000
//#added: extra
//#changed: asan.module_ctor *
//#changed: asan.module_dtor *
struct big { long words[40]; };
#ifdef PATCHED
void extra(struct big *to) { *to = (struct big){ { 9, 8, [20] = 5 } }; }
#endif
void fill(struct big *to) { *to = (struct big){ { 1, 2, 3, [30] = 7 } }; }
void fill_again(struct big *to) { *to = (struct big){ { 4, 5, 6, [31] = 8 } }; }
