// An interrupt that is called comes back, and another function follows.
//#changed: f fall-through,*
#define BODY mov $1, %eax; int $0x80
#include "followed.inc"
