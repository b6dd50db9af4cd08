/* Functions with what can lie behind one: strings, tables, static variables, a cold part. The test
   compiles them in this order and the other way round, so each is a macro. */
typedef unsigned long u64;
int printk(const char *format, ...);
void panic(const char *message) __attribute__((noreturn, cold));
extern int table[16];

#define noinline __attribute__((noinline))
static int counter;
static noinline int plain(int x);
noinline int strings(int x);
noinline int dense(int x);
noinline int constants(int x);
noinline int with_static(void);
noinline int other_static(void);
noinline int cold(int *p);
noinline u64 calls(u64 x);

#define PLAIN \
	static int plain(int x) { return x * 3 + counter++; }
#define STRINGS \
	int strings(int x) { printk(x ? "one %d\n" : "two %d\n", x); return printk("both\n"); }
#define DENSE \
	int dense(int x) { switch (x) { \
	case 0: return plain(1); case 1: return printk("a"); case 2: return table[3]; \
	case 3: return printk("b"); case 4: return x * 7; case 5: return printk("c"); \
	case 6: return table[1] + 4; case 7: return plain(9); } return -1; }
#define CONSTANTS \
	int constants(int x) { switch (x) { \
	case 0: return 17; case 1: return 4; case 2: return 99; case 3: return 1234; \
	case 4: return 5; case 5: return 77; } return 0; }
#define WITH_STATIC \
	int with_static(void) { static int count = 5; return printk("%d", count++); }
#define OTHER_STATIC \
	int other_static(void) { static int count = 9; static int more; more += 2; return count++ + more; }
#define COLD \
	int cold(int *p) { if (!p) panic("no pointer"); if (*p < 0) panic("negative"); return *p + counter; }
#define CALLS \
	u64 calls(u64 x) { while (x > 100) x = plain((int)x) + strings(3); return x + dense(4) + cold(&counter); }

#ifdef REVERSED
CALLS COLD OTHER_STATIC WITH_STATIC CONSTANTS DENSE STRINGS PLAIN
#else
PLAIN STRINGS DENSE CONSTANTS WITH_STATIC OTHER_STATIC COLD CALLS
#endif
