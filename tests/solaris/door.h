/* door.h - what the manual pages door_create(3C), door_call(3C), door_return(3C), door_info(3C) and
 * door_revoke(3C) of illumos document, for a check of the doors programs where there is no such
 * header. Nothing stands behind these declarations. */
#pragma once

#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>

#define S_ISDOOR(mode) (((mode) & 0xF000) == 0xD000) /* on Solaris in <sys/stat.h> */
#define DOOR_UNREF 0x01
#define DOOR_PRIVATE 0x02
#define DOOR_LOCAL 0x04
#define DOOR_REVOKED 0x08
#define DOOR_UNREF_MULTI 0x10
#define DOOR_REFUSE_DESC 0x40
#define DOOR_NO_CANCEL 0x80

#ifdef __cplusplus
extern "C" {
#endif

typedef unsigned int uint_t; /* on Solaris in <sys/types.h> */
typedef unsigned int door_attr_t;
typedef unsigned long long door_ptr_t;
typedef unsigned long long door_id_t;

typedef struct door_desc {
    door_attr_t d_attributes;
    union {
        struct {
            int d_descriptor;
            door_id_t d_id;
        } d_desc;
    } d_data;
} door_desc_t;

typedef struct door_arg {
    char *data_ptr;
    size_t data_size;
    door_desc_t *desc_ptr;
    uint_t desc_num;
    char *rbuf;
    size_t rsize;
} door_arg_t;

typedef struct door_info {
    pid_t di_target;
    door_ptr_t di_proc;
    door_ptr_t di_data;
    door_attr_t di_attributes;
    door_id_t di_uniquifier;
} door_info_t;

typedef void door_server_procedure_t(void *, char *, size_t, door_desc_t *, uint_t);

int door_create(door_server_procedure_t *, void *, uint_t);
int door_revoke(int);
int door_info(int, door_info_t *);
int door_call(int, door_arg_t *);
int door_return(char *, size_t, door_desc_t *, uint_t);

#ifdef __cplusplus
}
#endif
