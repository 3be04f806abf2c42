/*
 * A counted piece of text. The layout is NGINX's ngx_str_t, so the module's core converts by a cast; nothing else of
 * NGINX is known in include/tator and lib/. Text from an arena also ends with a NUL that `len` does not count.
 */

#ifndef TATOR_STR_H
#define TATOR_STR_H

#include <stddef.h>
#include <string.h>

typedef struct {
    size_t         len;
    unsigned char *data;
} str_t;

#define STR(literal) ((str_t) {sizeof(literal) - 1, (unsigned char *) (literal)})

static inline str_t
str_of(const char *text)
{
    return (str_t) {text ? strlen(text) : 0, (unsigned char *) text};
}

#endif
