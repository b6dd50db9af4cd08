// Data that nothing refers to by name, such as a table of pointers that the linker collects.
//#data: .table
void one(void), two(void);
#ifdef PATCHED
#define FUNCTION two
#else
#define FUNCTION one
#endif
static void (*const __UNIQUE_ID_entry)(void) __attribute__((used, section(".table"))) = FUNCTION;
