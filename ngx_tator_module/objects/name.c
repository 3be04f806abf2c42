/*
 * Keys and file names. A key's parts between slashes become folders, the last one a file; whatever could mean something to a file
 * system is written as %XX, so that no key leaves its bucket or meets one of our own names:
 *
 *     a/b.mp4       →  a/b.mp4@
 *     ../x          →  %2E./x@          (a leading point is never plain)
 *     a//b/         →  a/%00/b/%00@     (%00 is the empty part; NUL itself is not allowed in keys)
 *     80 bytes or more without slash  →  first 80 bytes and "+", then the rest as its own folder or file
 *
 * Longer names go to the "+" folder as soon as they have 80 bytes, so all names of one folder are shorter than 80 bytes and differ
 * from what stands before "+": entries sorted by the part of the key that they stand for are sorted as whole keys are.
 */

#include <limits.h>
#include <string.h>

#include "objects.h"


#define NAME_MAX_PART 80

static void   name_encode(text_t *out, const char *part, size_t len);
static size_t name_utf8(const unsigned char *text, size_t len);


bool
name_bucket_good(const char *bucket)
{
    size_t n;

    static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.";

    n = strlen(bucket);

    return n >= 1 && n <= 63 && bucket[0] != '.' && strspn(bucket, good) == n;
}


bool
name_key_good(const char *key, size_t len)
{
    size_t i, n;

    if (len == 0 || len > OBJECTS_KEY_MAX) {
        return false;
    }

    for (i = 0; i < len; i += n) {
        n = name_utf8((const unsigned char *) key + i, len - i);
        if (n == 0) {
            return false;
        }
    }

    return true;
}


char *
name_path(arena_t *arena, const char *root, const char *bucket, const char *key)
{
    size_t      n;
    text_t      path;
    const char *slash;

    text_start(&path, arena, 256);
    text_puts(&path, root);
    text_puts(&path, "/buckets/");
    text_puts(&path, bucket);

    for ( ;; ) {
        slash = strchr(key, '/');
        n = slash != NULL ? (size_t) (slash - key) : strlen(key);

        text_puts(&path, "/");

        for (/* void */; n >= NAME_MAX_PART; n -= NAME_MAX_PART) {
            name_encode(&path, key, NAME_MAX_PART);
            text_puts(&path, "+/");
            key += NAME_MAX_PART;
        }

        name_encode(&path, key, n);

        if (slash == NULL) {
            break;
        }
        key = slash + 1;
    }

    text_puts(&path, OBJECT_SUFFIX);

    return path.len + sizeof(OBJECT_TAGS_SUFFIX) < PATH_MAX ? arena_copy(arena, path.data, path.len) : NULL;
}


name_kind_t
name_decode(const char *file, char part[NAME_PART_SIZE])
{
    size_t      i, n, len;
    name_kind_t kind;

    n = strlen(file);
    if (n == 0 || n > NAME_PART_SIZE - 2 || file[0] == '.') {
        return NAME_OTHER;
    }

    if (file[n - 1] == '@') {
        kind = NAME_OBJECT;
        n--;
    } else if (file[n - 1] == '+') {
        kind = NAME_LONGER;
        n--;
    } else if (memchr(file, '@', n) != NULL) {
        return NAME_OTHER;
    } else {
        kind = NAME_FOLDER;
    }

    len = 0;

    if (n != 3 || memcmp(file, "%00", 3) != 0) {
        for (i = 0; i < n; i++) {
            if (file[i] == '%' && i + 2 < n && hex_decode((unsigned char *) part + len, file + i + 1, 1)) {
                i += 2;
            } else {
                part[len] = file[i];
            }
            len++;
        }
    }

    if (kind == NAME_FOLDER) {
        part[len++] = '/';
    }
    part[len] = '\0';

    return kind;
}


static void
name_encode(text_t *out, const char *part, size_t len)
{
    size_t        i;
    unsigned char c;

    if (len == 0) {
        text_puts(out, "%00");
        return;
    }

    for (i = 0; i < len; i++) {
        c = (unsigned char) part[i];

        if (c >= 0x80 || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || strchr("-_ ()=,", c) != NULL
            || (c == '.' && i > 0))
        {
            text_add(out, &c, 1);
        } else {
            text_printf(out, "%%%02X", c);
        }
    }
}


/* Bytes of the first character; 0: not UTF-8, or NUL. */
static size_t
name_utf8(const unsigned char *text, size_t len)
{
    size_t i, n;

    if (text[0] == '\0') {
        return 0;
    }
    if (text[0] < 0x80) {
        return 1;
    }

    n = text[0] >= 0xc2 && text[0] <= 0xdf ? 2 : text[0] >= 0xe0 && text[0] <= 0xef ? 3 : text[0] >= 0xf0 && text[0] <= 0xf4 ? 4 : 0;
    if (n == 0 || n > len) {
        return 0;
    }

    for (i = 1; i < n; i++) {
        if ((text[i] & 0xc0) != 0x80) {
            return 0;
        }
    }

    if ((text[0] == 0xe0 && text[1] < 0xa0) || (text[0] == 0xed && text[1] > 0x9f) || (text[0] == 0xf0 && text[1] < 0x90)
        || (text[0] == 0xf4 && text[1] > 0x8f))
    {
        return 0;
    }

    return n;
}
