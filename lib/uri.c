/*
 * Percent-encoding of RFC 3986 and the parts of a URL.
 */

#include <ctype.h>
#include <string.h>

#include <tator/crypto.h>
#include <tator/uri.h>


static bool uri_unreserved(unsigned char c);


void
uri_encode(text_t *out, const void *data, size_t len, const char *keep)
{
    char                 code[4];
    size_t               i, run;
    const unsigned char *bytes;

    static const char digits[] = "0123456789ABCDEF";

    bytes = data;
    code[0] = '%';
    run = 0; /* bytes before i that stay as they are */

    for (i = 0; i < len; i++) {
        if (uri_unreserved(bytes[i]) || (bytes[i] != '\0' && keep != NULL && strchr(keep, bytes[i]) != NULL)) {
            run++;
            continue;
        }

        code[1] = digits[bytes[i] >> 4];
        code[2] = digits[bytes[i] & 15];
        text_add(out, bytes + i - run, run);
        text_add(out, code, 3);
        run = 0;
    }

    text_add(out, bytes + len - run, run);
}


char *
uri_decode(arena_t *arena, const char *text, size_t len, bool plus, size_t *out_len)
{
    char  *out, *p;
    size_t i;

    out = p = arena_alloc(arena, len + 1);

    for (i = 0; i < len; i++) {
        if (text[i] == '%' && i + 2 < len && hex_decode((unsigned char *) p, text + i + 1, 1)) {
            p++;
            i += 2;

        } else if (text[i] == '+' && plus) {
            *p++ = ' ';

        } else {
            *p++ = text[i];
        }
    }

    *p = '\0';

    if (out_len != NULL) {
        *out_len = (size_t) (p - out);
    }

    return out;
}


uri_t
uri_split(const char *url)
{
    uri_t  uri;
    size_t n;

    memset(&uri, 0, sizeof(uri));

    if (uri_has_scheme(url)) {
        n = (size_t) (strstr(url, "://") - url);
        uri.scheme = (str_t) {n, (unsigned char *) url};
        url += n + 3;

        n = strcspn(url, "/?#");
        uri.authority = (str_t) {n, (unsigned char *) url};
        url += n;
    }

    n = strcspn(url, "?#");
    uri.path = (str_t) {n, (unsigned char *) url};
    url += n;

    if (*url == '?') {
        url++;
        uri.query = (str_t) {strcspn(url, "#"), (unsigned char *) url};
    }

    return uri;
}


bool
uri_has_scheme(const char *text)
{
    size_t n;

    if (!isalpha((unsigned char) *text)) {
        return false;
    }

    for (n = 1; isalnum((unsigned char) text[n]) || text[n] == '+' || text[n] == '-' || text[n] == '.'; n++) {
        /* void */
    }

    return strncmp(text + n, "://", 3) == 0;
}


bool
uri_climbs(const char *path)
{
    size_t n;

    for (;; path += n + 1) {
        n = strcspn(path, "/");

        if ((n == 1 || n == 2) && strspn(path, ".") >= n) {
            return true;
        }

        if (path[n] == '\0') {
            return false;
        }
    }
}


char *
uri_query_value(arena_t *arena, str_t query, const char *name)
{
    char       *key, *value;
    size_t      n;
    const char *p, *end, *equals, *ampersand;

    value = NULL;
    p = (const char *) query.data;
    end = p + query.len;

    for (/* void */; p < end; p += n + 1) {
        ampersand = memchr(p, '&', (size_t) (end - p));
        n = (size_t) ((ampersand != NULL ? ampersand : end) - p);
        equals = memchr(p, '=', n);

        key = uri_decode(arena, p, equals != NULL ? (size_t) (equals - p) : n, true, NULL);
        if (strcmp(key, name) == 0) {
            value = equals != NULL ? uri_decode(arena, equals + 1, n - (size_t) (equals + 1 - p), true, NULL) : arena_text(arena, "");
        }
    }

    return value;
}


static bool
uri_unreserved(unsigned char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}
