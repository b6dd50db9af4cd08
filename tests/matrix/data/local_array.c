// The initial value of a local array: anonymous data that is copied to the stack.
//#changed: fill constant
void use(int *p);
#ifdef PATCHED
#define LAST 124
#else
#define LAST 123
#endif
void fill(void)
{
	int values[24] = { 1, 12, 3, 4, 51, 6, 7, 81, 9, 10, 111, 12, 13, 141, 15, 16, 171, 18, 19, 201, 21, 22, 231, LAST };
	use(values);
}
