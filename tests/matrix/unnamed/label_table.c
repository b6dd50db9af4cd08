// A table of places in a function goes with the function.
//#changed: run *
extern int step(int), fault(int);
int pre(int a) { return step(a); }
int run(const unsigned char *pc, int acc)
{
	static const void *const jump[] = { &&add, &&sub, &&mul, &&halt, &&mask };
	goto *jump[*pc++];
add:
	acc += *pc++;
#ifdef PATCHED
	if (acc > 900)
		acc = fault(acc);
#endif
	goto *jump[*pc++];
sub:
	acc -= *pc++;
	goto *jump[*pc++];
mul:
	acc *= step(*pc++);
	goto *jump[*pc++];
mask:
	acc &= 0x7f;
	goto *jump[*pc++];
halt:
	return acc;
}
