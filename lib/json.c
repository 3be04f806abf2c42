/*
 * JSON text (include/tator/json.h): a writer with shortest numbers, a depth scan that runs before any parser recurses.
 */

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>

static void text_room(text_t *text, size_t len);
static size_t json_character(const char *text);
static unsigned json_scan(const void *text, size_t len, size_t *values);
static json_t *json_refuse(json_error_t *error, const char *format, ...) __attribute__((format(printf, 2, 3)));


void
text_start(text_t *text, arena_t *arena, size_t size)
{
    text->arena = arena;
    text->size = size < 64 ? 64 : size;
    text->data = arena_alloc(arena, text->size);
    text->data[0] = '\0';
    text->len = 0;
}


void
text_add(text_t *text, const void *data, size_t len)
{
    text_room(text, len);
    memcpy(text->data + text->len, data, len);
    text->len += len;
    text->data[text->len] = '\0';
}


void
text_puts(text_t *text, const char *string)
{
    text_add(text, string, strlen(string));
}


void
text_printf(text_t *text, const char *format, ...)
{
    char   *line;
    va_list args;

    va_start(args, format);
    line = arena_vformat(text->arena, format, args);
    va_end(args);

    text_puts(text, line);
}


size_t
json_escaped_length(const unsigned char *text, size_t len)
{
    size_t n = len;

    for (size_t k = 0; k < len; k++) {
        if (text[k] == '"' || text[k] == '\\') {
            n++;
        } else if (text[k] < 0x20) {
            n += strchr("\b\t\n\f\r", text[k]) != NULL && text[k] != '\0' ? 1 : 5;
        }
    }

    return n;
}


unsigned char *
json_escape(unsigned char *out, const unsigned char *text, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    static const char letters[] = "........btn.fr..";

    for (size_t k = 0; k < len; k++) {
        size_t        from = k;
        unsigned char c;

        while (k < len && text[k] >= 0x20 && text[k] != '"' && text[k] != '\\') {
            k++;
        }

        memcpy(out, text + from, k - from); /* most of it, in one go */
        out += k - from;

        if (k == len) {
            break;
        }

        c = text[k];

        *out++ = '\\';

        if (c >= 0x20) {
            *out++ = c;

        } else if (c < sizeof(letters) - 1 && letters[c] != '.') {
            *out++ = (unsigned char) letters[c];

        } else {
            memcpy(out, "u00", 3);
            out[3] = (unsigned char) digits[c >> 4];
            out[4] = (unsigned char) digits[c & 15];
            out += 5;
        }
    }

    return out;
}


size_t
json_double(char *out, double value)
{
    int n = 0;

    if (!isfinite(value)) {
        memcpy(out, "null", 5);
        return 4;
    }

    for (int digits = 15; digits <= 17; digits++) {
        n = snprintf(out, 32, "%.*g", digits, value);
        if (strtod(out, NULL) == value) {
            break;
        }
    }

    if (strpbrk(out, ".e") == NULL) {
        memcpy(out + n, ".0", 3);
        n += 2;
    }

    return (size_t) n;
}


char *
json_text(arena_t *arena, const json_t *value)
{
    text_t out;

    text_start(&out, arena, 256);
    json_write(&out, value);

    return out.data;
}


void
json_write(text_t *out, const json_t *value)
{
    char        number[40];
    size_t      k;
    json_t     *item;
    const char *key;
    const char *comma = "";

    switch (value == NULL ? JSON_NULL : json_typeof(value)) {

    case JSON_OBJECT:
        text_puts(out, "{");
        json_object_foreach((json_t *) value, key, item) {
            text_puts(out, comma);
            json_write_text(out, key, strlen(key));
            text_puts(out, ":");
            json_write(out, item);
            comma = ",";
        }
        text_puts(out, "}");
        return;

    case JSON_ARRAY:
        text_puts(out, "[");
        json_array_foreach((json_t *) value, k, item) {
            text_puts(out, k ? "," : "");
            json_write(out, item);
        }
        text_puts(out, "]");
        return;

    case JSON_STRING:
        json_write_text(out, json_string_value(value), json_string_length(value));
        return;

    case JSON_INTEGER:
        text_add(out, number, (size_t) snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value)));
        return;

    case JSON_REAL:
        text_add(out, number, json_double(number, json_real_value(value)));
        return;

    case JSON_TRUE:
        text_puts(out, "true");
        return;

    case JSON_FALSE:
        text_puts(out, "false");
        return;

    default:
        text_puts(out, "null");
    }
}


void
json_write_text(text_t *out, const char *text, size_t len)
{
    size_t n = json_escaped_length((const unsigned char *) text, len);

    text_room(out, n + 2);
    out->data[out->len++] = '"';
    json_escape((unsigned char *) out->data + out->len, (const unsigned char *) text, len);
    out->len += n;
    out->data[out->len++] = '"';
    out->data[out->len] = '\0';
}


void
json_write_foreign(text_t *out, const char *text)
{
    size_t len;
    text_t clean;

    text_start(&clean, out->arena, strlen(text) + 1);

    for (const char *p = text; *p != '\0'; p += len) {
        len = json_character(p);
        text_add(&clean, len > 0 ? p : "\xef\xbf\xbd", len > 0 ? len : 3);
        len = len > 0 ? len : 1;
    }

    json_write_text(out, clean.data, clean.len);
}


json_t *
json_parse(const void *text, size_t len, json_error_t *error)
{
    size_t  values;
    json_t *value;

    if (json_scan(text, len, &values) > JSON_DEPTH_LIMIT) {
        return json_refuse(error, "more than %d levels deep", JSON_DEPTH_LIMIT);
    }

    if (values > JSON_VALUE_LIMIT) {
        return json_refuse(error, "more than %d values", JSON_VALUE_LIMIT);
    }

    value = json_loadb(text, len, JSON_DECODE_ANY, error);

    if (value == NULL && error != NULL && json_error_code(error) == json_error_null_character) {
        return json_refuse(error, "a text has the character U+0000");
    }

    return value;
}


unsigned
json_depth(const void *text, size_t len)
{
    size_t values;

    return json_scan(text, len, &values);
}


/* Bytes of the UTF-8 character (RFC 3629) that the text begins with; 0: it is none. */
static size_t
json_character(const char *text)
{
    size_t               len;
    const unsigned char *p = (const unsigned char *) text;

    len = p[0] < 0x80 ? 1 : p[0] >= 0xc2 && p[0] < 0xe0 ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] < 0xf5 ? 4 : 0;

    for (size_t k = 1; k < len; k++) {
        if ((p[k] & 0xc0) != 0x80) {
            return 0;
        }
    }

    if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f)) {
        return 0;
    }

    return len;
}


/* The depth; and about how many values there are: one behind each comma and opening bracket. */
static unsigned
json_scan(const void *text, size_t len, size_t *values)
{
    bool                 quoted = false;
    unsigned             depth = 0, deepest = 0;
    const unsigned char *p = text, *end = p + len;

    *values = 1;

    for (; p < end; p++) {
        if (quoted) {
            if (*p == '\\') {
                p++;
            } else if (*p == '"') {
                quoted = false;
            }
            continue;
        }

        switch (*p) {

        case '"':
            quoted = true;
            break;

        case ',':
            (*values)++;
            break;

        case '[':
        case '{':
            (*values)++;
            if (++depth > deepest) {
                deepest = depth;
            }
            break;

        case ']':
        case '}':
            depth -= depth > 0;
            break;
        }
    }

    return deepest;
}


static json_t *
json_refuse(json_error_t *error, const char *format, ...)
{
    va_list args;

    if (error != NULL) {
        memset(error, 0, sizeof(json_error_t));
        va_start(args, format);
        vsnprintf(error->text, sizeof(error->text), format, args);
        va_end(args);
    }

    return NULL;
}


static void
text_room(text_t *text, size_t len)
{
    char *grown;

    if (text->len + len + 1 <= text->size) {
        return;
    }

    text->size = (text->len + len + 1) * 2;
    grown = arena_alloc(text->arena, text->size);
    memcpy(grown, text->data, text->len + 1);
    text->data = grown;
}
