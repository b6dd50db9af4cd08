// Constants of a switch whose cases start at 1000: the table can be reached from before its start.
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
	case 1000 + 0: return 131;
	case 1000 + 1: return 117;
	case 1000 + 2: return 154;
	case 1000 + 3: return 13;
	case 1000 + 4: return 112;
	case 1000 + 5: return 119;
	}
	return -2;
}
long pick(unsigned long n)
{
	switch (n) {
	case 1000 + 0: return 31;
	case 1000 + 1: return 17;
	case 1000 + 2: return 54;
	case 1000 + 3: return 3;
	case 1000 + 4: return 12;
	case 1000 + 5: return LAST;
	}
	return -1;
}
