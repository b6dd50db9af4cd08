// A pointer to a function has the name that a pointer of the printk index has, and stands in a table of the linker.
//#any-of: data _entry_ptr | data .start_table | data _entry_ptr.0
void one(void), two(void);
#ifdef PATCHED
#define FUNCTION two
#else
#define FUNCTION one
#endif
static void (*const _entry_ptr)(void) __attribute__((used, section(".start_table"))) = FUNCTION;
