// The same with distances instead of addresses.
//#changed: run *
//#gap: a table of places in one function is reported beside it
extern int step(int), fault(int);
int run(const unsigned char *pc, int acc)
{
	static const int off[] = { &&add - &&base, &&sub - &&base, &&halt - &&base };
base:
	goto *(&&base + off[*pc++]);
add:
	acc += *pc++;
#ifdef PATCHED
	if (acc > 900)
		acc = fault(acc);
#endif
	goto base;
sub:
	acc -= step(*pc++);
	goto base;
halt:
	return acc;
}
