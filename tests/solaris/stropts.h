/* stropts.h - fattach(3C) and fdetach(3C) of illumos, as their manual pages document them; see door.h */
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

int fattach(int, const char *);
int fdetach(const char *);

#ifdef __cplusplus
}
#endif
