// A table of the same name that only one function knows.
//#any-of: changed get | data _entry
#ifdef PATCHED
#define LAST 5
#else
#define LAST 4
#endif
int get(unsigned long i)
{
	static const int _entry[] = { 1, 2, 3, LAST };
	return _entry[i];
}
