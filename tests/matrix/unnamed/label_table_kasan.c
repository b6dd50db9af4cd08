// With KASAN, zeros follow the table.
//#compilers: clang
//#flags: -fsanitize=kernel-address -mllvm -asan-mapping-offset=0xdffffc0000000000
//#changed: asan.module_ctor *
//#changed: asan.module_dtor *
//#changed: run *
extern int step(int), fault(int);
#ifdef PATCHED
#define TABLE &&one, &&two, &&two, &&four
#else
#define TABLE &&one, &&two, &&three, &&four
#endif
int run(int a, int b)
{
	static const void *const jump[] = { TABLE };

	goto *jump[a & 3];
one:
	return step(b);
two:
	return fault(b + 1);
three:
	return step(b + 2) * 2;
four:
	return b;
}
