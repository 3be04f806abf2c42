/*
 * UUIDs of RFC 9562 in their 36 character text form, lower case, NUL-terminated.
 */

#ifndef TATOR_UUID_H
#define TATOR_UUID_H

#define UUID_SIZE 37

/* Version 1: time (strictly increasing within the process) and a random node with the multicast bit. */
void uuid_v1(char out[UUID_SIZE]);

/* Version 4: random. */
void uuid_v4(char out[UUID_SIZE]);

#endif
