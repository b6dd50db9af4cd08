// A record that nothing refers to has the name that an entry of the printk index has, in another table of the linker.
//#any-of: data _entry | data .start_table
#ifdef PATCHED
#define NUMBER 6
#else
#define NUMBER 5
#endif
static const int _entry __attribute__((used, section(".start_table"))) = NUMBER;
