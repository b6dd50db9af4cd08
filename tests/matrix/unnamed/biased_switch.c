// Names by error number: the table is indexed with a bias, so what the code refers to lies outside of it.
//#changed: zname *
//#may[plain|cross|linked]: changed aoth
//#may[plain|cross|linked]: changed zoth2
//#compilers: clang
//#flags: -fjump-tables
#ifdef PATCHED
#define NAME "no mem"
#else
#define NAME "nomem"
#endif
const char *aoth(unsigned long i)
{
	const char *const u[9] = { "a1", "b1", "c1", "d1", "e1", "f1", "g", "h", "i" };
	return i < 9 ? u[i] : 0;
}
const char *zname(long e)
{
	switch (e) {
	case -12: return NAME;
	case -11: return "again";
	case -10: return "child";
	case -9: return "badf";
	case -8: return "exec";
	case -7: return "2big";
	default: return "other";
	}
}
const char *zoth2(unsigned long i)
{
	const char *const u[20] = { "a2", "b2", "c2", "d2", "e2", "f2", "g2", "h2", "i2", "j2", "k2", "l2", "m2", "n2" };
	return i < 20 ? u[i] : 0;
}
