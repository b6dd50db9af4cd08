// Two entries of a relative jump table are exchanged.
//#changed: run *
//#flags: -fPIC -mcmodel=small -fjump-tables
extern int one(int), two(int), say(const char *);
struct device { int id; int (*open)(struct device *); long count; };
#ifdef PATCHED
#define FIRST 25
#define LAST 20
#else
#define FIRST 20
#define LAST 25
#endif
int run(int a, struct device *device)
{
	switch (a) {
	case FIRST: return one(1);
	case 21: device->id = 4; return two(2);
	case 22: return device->open(device);
	case 23: device->count++; return one(3) + 1;
	case 24: return say("x");
	case LAST: device->count--; return two(77);
	default: return -22;
	}
}
int behind(int *p)
{
	*p = 1;
	*p = 2;
	return *p;
}
