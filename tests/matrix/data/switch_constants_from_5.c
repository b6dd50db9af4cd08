// Constants of a switch whose cases start at 5: the table can be reached from before its start.
//#flags[clang]: -fjump-tables
//#changed: pick constant
#ifdef PATCHED
#define LAST 97
#else
#define LAST 96
#endif
long bystander(unsigned long n)
{
	switch (n) {
	case 5 + 0: return 131;
	case 5 + 1: return 117;
	case 5 + 2: return 154;
	case 5 + 3: return 13;
	case 5 + 4: return 112;
	case 5 + 5: return 119;
	}
	return -2;
}
long pick(unsigned long n)
{
	switch (n) {
	case 5 + 0: return 31;
	case 5 + 1: return 17;
	case 5 + 2: return 54;
	case 5 + 3: return 3;
	case 5 + 4: return 12;
	case 5 + 5: return LAST;
	}
	return -1;
}
