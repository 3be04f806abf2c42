/*
 * UUIDs of RFC 9562, version 1 and 4.
 */

#include <stdatomic.h>
#include <stdint.h>
#include <time.h>

#include <tator/crypto.h>
#include <tator/uuid.h>


/* 100 ns steps between 1582-10-15, where version 1 counts from, and 1970-01-01. */
#define UUID_EPOCH 0x01b21dd213814000

static void uuid_text(char out[UUID_SIZE], const unsigned char bytes[16]);


void
uuid_v1(char out[UUID_SIZE])
{
    uint64_t        now, last;
    unsigned char   bytes[16];
    struct timespec time;

    static _Atomic uint64_t previous;

    clock_gettime(CLOCK_REALTIME, &time);
    now = (uint64_t) time.tv_sec * 10000000 + (uint64_t) time.tv_nsec / 100 + UUID_EPOCH;

    last = atomic_load(&previous);
    do {
        if (now <= last) {
            now = last + 1;
        }
    } while (!atomic_compare_exchange_weak(&previous, &last, now));

    /* Clock sequence and node are random each time, so that processes need not agree on anything. */
    random_bytes(bytes + 8, 8);

    bytes[0] = (unsigned char) (now >> 24);
    bytes[1] = (unsigned char) (now >> 16);
    bytes[2] = (unsigned char) (now >> 8);
    bytes[3] = (unsigned char) now;
    bytes[4] = (unsigned char) (now >> 40);
    bytes[5] = (unsigned char) (now >> 32);
    bytes[6] = (unsigned char) (0x10 | (now >> 56 & 0x0f));
    bytes[7] = (unsigned char) (now >> 48);
    bytes[8] = (unsigned char) ((bytes[8] & 0x3f) | 0x80);
    bytes[10] |= 0x01;

    uuid_text(out, bytes);
}


void
uuid_v4(char out[UUID_SIZE])
{
    unsigned char bytes[16];

    random_bytes(bytes, sizeof(bytes));
    bytes[6] = (unsigned char) ((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (unsigned char) ((bytes[8] & 0x3f) | 0x80);

    uuid_text(out, bytes);
}


static void
uuid_text(char out[UUID_SIZE], const unsigned char bytes[16])
{
    char hex[33];

    hex_encode(hex, bytes, 16);

    memcpy(out, hex, 8);
    memcpy(out + 9, hex + 8, 4);
    memcpy(out + 14, hex + 12, 4);
    memcpy(out + 19, hex + 16, 4);
    memcpy(out + 24, hex + 20, 12);
    out[8] = out[13] = out[18] = out[23] = '-';
    out[36] = '\0';
}
