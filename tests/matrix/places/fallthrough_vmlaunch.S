// An instruction that enters a guest comes back where it fails, and another function follows.
//#changed: f fall-through,*
#define BODY mov $1, %eax; vmlaunch
#include "followed.inc"
