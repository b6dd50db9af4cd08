// The constants of a switch that becomes a table (GCC: CSWTCH, Clang: .Lswitch.table).
//#flags[clang]: -fjump-tables
//#changed: pick constant
#ifdef PATCHED
#define LAST 97
#else
#define LAST 96
#endif
int pick(unsigned n)
{
	switch (n) {
	case 0: return 31;
	case 1: return 17;
	case 2: return 54;
	case 3: return 3;
	case 4: return 12;
	case 5: return LAST;
	}
	return -1;
}
int bystander(unsigned n)
{
	switch (n) {
	case 0: return 131;
	case 1: return 117;
	case 2: return 154;
	case 3: return 13;
	case 4: return 112;
	case 5: return 119;
	}
	return -2;
}
