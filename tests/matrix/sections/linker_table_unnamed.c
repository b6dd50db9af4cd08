// The same for an entry that no name tells from others.
//#any-of: data .con_initcall.init | data .security_initcall.init | data-added .security_initcall.init
//#may: data-removed .con_initcall.init
#ifdef PATCHED
#define PLACE ".security_initcall.init"
#else
#define PLACE ".con_initcall.init"
#endif
int start(void);
static int (*const __initcall_start)(void) __attribute__((used, section(PLACE))) = start;
