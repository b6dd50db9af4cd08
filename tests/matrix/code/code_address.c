// The address of a label in the function's own code.
//#changed: work *
void use(void *);
int work(int x)
{
#ifdef PATCHED
	use(&&two);
	use(&&one);
#else
	use(&&one);
	use(&&two);
#endif
one:
	x += 3;
	asm volatile("");
two:
	return x * 5;
}
