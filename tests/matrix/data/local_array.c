// The initial value of a local array: anonymous data that is copied to the stack.
//#changed: fill constant
void use(int *p);
#ifdef PATCHED
#define LAST 124
#else
#define LAST 123
#endif
#define EIGHT(n) 1 + n, 12 * n, 3, 4, 51 + n, 6, 7 * n, 81
void fill(void)
{
	int values[] = { EIGHT(1), EIGHT(2), EIGHT(3), EIGHT(4), EIGHT(5), EIGHT(6), EIGHT(7), EIGHT(8),
			 EIGHT(9), EIGHT(10), EIGHT(11), EIGHT(12), EIGHT(13), EIGHT(14), EIGHT(15), LAST };
	use(values);
}
