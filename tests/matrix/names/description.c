// What else a module says about itself is nothing to its code.
//#unchanged
#ifdef PATCHED
#define TEXT "of a device"
#else
#define TEXT "of the device"
#endif
static const char __UNIQUE_ID_license[] __attribute__((used, section(".modinfo"), aligned(1))) = "license=GPL";
static const char __UNIQUE_ID_description[] __attribute__((used, section(".modinfo"), aligned(1))) = "description=Driver " TEXT;
int work(int x) { return x * 3; }
