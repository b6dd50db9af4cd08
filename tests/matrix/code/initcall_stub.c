// The stub of an initcall in LTO kernels: its name holds a counter and a line, and it is global.
//#unchanged
#ifdef PATCHED
#define STUB __initstub__kmod_driver__345_28_driver_start6
#else
#define STUB __initstub__kmod_driver__344_27_driver_start6
#endif
#define TEXT(name) #name
#define ENTRY(stub) asm(".section .initcall6.init, \"a\"\n.long " TEXT(stub) " - .\n.previous")
int driver_start(void);
int STUB(void) { return driver_start(); }
ENTRY(STUB);
