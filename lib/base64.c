/*
 * Base64 of RFC 4648 (include/tator/base64.h).
 */

#include <stdint.h>

#include <tator/base64.h>


static int base64_value(unsigned char c);


char *
base64_encode(arena_t *arena, const void *data, size_t len)
{
    char                *out, *p;
    size_t               i;
    uint32_t             group;
    const unsigned char *bytes;

    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    bytes = data;
    out = p = arena_alloc(arena, (len + 2) / 3 * 4 + 1);

    for (i = 0; i + 2 < len; i += 3) {
        group = (uint32_t) bytes[i] << 16 | (uint32_t) bytes[i + 1] << 8 | bytes[i + 2];
        *p++ = alphabet[group >> 18];
        *p++ = alphabet[group >> 12 & 63];
        *p++ = alphabet[group >> 6 & 63];
        *p++ = alphabet[group & 63];
    }

    if (i < len) {
        group = (uint32_t) bytes[i] << 16 | (i + 1 < len ? (uint32_t) bytes[i + 1] << 8 : 0);
        *p++ = alphabet[group >> 18];
        *p++ = alphabet[group >> 12 & 63];
        *p++ = i + 1 < len ? alphabet[group >> 6 & 63] : '=';
        *p++ = '=';
    }

    *p = '\0';

    return out;
}


unsigned char *
base64_decode(arena_t *arena, const char *text, size_t len, size_t *out_len)
{
    int            value;
    size_t         i, digits, padding;
    uint32_t       group;
    unsigned char *out, *p;

    out = p = arena_alloc(arena, len / 4 * 3 + 4);
    group = 0;
    digits = padding = 0;

    for (i = 0; i < len; i++) {
        if (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '\n') {
            continue;
        }

        if (text[i] == '=') {
            padding++;
            continue;
        }

        value = base64_value((unsigned char) text[i]);
        if (value < 0 || padding > 0) {
            return NULL;
        }

        group = group << 6 | (uint32_t) value;
        if (++digits % 4 == 0) {
            *p++ = (unsigned char) (group >> 16);
            *p++ = (unsigned char) (group >> 8);
            *p++ = (unsigned char) group;
            group = 0;
        }
    }

    if (digits % 4 == 1 || padding > 2 || (padding > 0 && (digits + padding) % 4 != 0)) {
        return NULL;
    }

    if (digits % 4 == 2) {
        *p++ = (unsigned char) (group >> 4);
    } else if (digits % 4 == 3) {
        *p++ = (unsigned char) (group >> 10);
        *p++ = (unsigned char) (group >> 2);
    }

    *p = '\0';
    *out_len = (size_t) (p - out);

    return out;
}


char *
base64_url_encode(arena_t *arena, const void *data, size_t len)
{
    char *text = base64_encode(arena, data, len);

    for (char *p = text; *p != '\0'; p++) {
        if (*p == '+') {
            *p = '-';
        } else if (*p == '/') {
            *p = '_';
        } else if (*p == '=') {
            *p = '\0';
            break;
        }
    }

    return text;
}


unsigned char *
base64_url_decode(arena_t *arena, const char *text, size_t len, size_t *out_len)
{
    int            unused = len % 4 == 2 ? 15 : len % 4 == 3 ? 3 : 0;
    char          *plain;
    unsigned char *bytes;

    plain = arena_copy(arena, text, len);

    for (size_t k = 0; k < len; k++) {
        plain[k] = (char) (text[k] == '-' ? '+' : text[k] == '_' ? '/' : text[k]);

        if (base64_value((unsigned char) plain[k]) < 0 || text[k] == '+' || text[k] == '/') {
            return NULL;
        }
    }

    bytes = base64_decode(arena, plain, len, out_len);
    if (bytes == NULL || (unused != 0 && (base64_value((unsigned char) plain[len - 1]) & unused) != 0)) {
        return NULL;
    }

    return bytes;
}


static int
base64_value(unsigned char c)
{
    if (c >= 'A' && c <= 'Z') {
        return c - 'A';
    }
    if (c >= 'a' && c <= 'z') {
        return c - 'a' + 26;
    }
    if (c >= '0' && c <= '9') {
        return c - '0' + 52;
    }

    return c == '+' ? 62 : c == '/' ? 63 : -1;
}
