// A static local array has a name, and is data of its own.
//#data[gcc]: table.0 read-by=get
//#data[clang]: get.table read-by=get
#ifdef PATCHED
#define LAST 6
#else
#define LAST 5
#endif
int get(unsigned i)
{
	static const int table[] = { 1, 2, 3, 4, LAST };
	return table[i];
}
