// Strings that a switch chooses from: a table of pointers, and one text behind it.
//#flags[clang]: -fjump-tables
//#changed: name constant,*
#ifdef PATCHED
#define LAST "violet"
#else
#define LAST "purple"
#endif
const char *name(unsigned n)
{
	switch (n) {
	case 0: return "red";
	case 1: return "green";
	case 2: return "blue";
	case 3: return "yellow";
	case 4: return "black";
	case 5: return LAST;
	}
	return 0;
}
