// A new static local gives another number to those behind it.
//#changed: first *
//#data-added[gcc]: extra.2
//#data-added[clang]: first.extra
int first(int x)
{
#ifdef PATCHED
	static int extra;
	return extra += x;
#endif
	return x;
}
int second(int x) { static int count; return count += x; }
int third(int x) { static int count; return count -= x; }
