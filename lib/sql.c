/*
 * The SQL builder (include/tator/sql.h). Text and values grow in an arena; a conversion becomes the next $n.
 */

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>
#include <tator/sql.h>

static void sql_text(sql_t *sql, const char *text, size_t len);
static void sql_array_text(text_t *out, const char *text, size_t len);


sql_t *
sql_new(arena_t *arena)
{
    sql_t *sql;

    sql = arena_zalloc(arena, sizeof(sql_t));
    sql->arena = arena;
    sql->size = 512;
    sql->text = arena_alloc(arena, sql->size);
    sql->text[0] = '\0';
    sql->room = 16;
    sql->values = arena_alloc(arena, (size_t) sql->room * sizeof(char *));

    return sql;
}


void
sql_put(sql_t *sql, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sql_vput(sql, format, args);
    va_end(args);
}


void
sql_vput(sql_t *sql, const char *format, va_list args)
{
    char          number[32];
    json_t       *json;
    const char   *p, *percent;

    for (p = format; (percent = strchr(p, '%')) != NULL; p = percent + 1) {
        sql_text(sql, p, (size_t) (percent - p));
        percent++;

        switch (*percent) {

        case '%':
            sql_text(sql, "%", 1);
            break;

        case 'd':
            sql_bind(sql, arena_format(sql->arena, "%d", va_arg(args, int)));
            break;

        case 'l': /* %ld */
            percent++;
            sql_bind(sql, arena_format(sql->arena, "%ld", va_arg(args, long)));
            break;

        case 'f':
            json_double(number, va_arg(args, double));
            sql_bind(sql, strcmp(number, "null") == 0 ? NULL : arena_text(sql->arena, number));
            break;

        case 's':
            sql_bind(sql, va_arg(args, const char *));
            break;

        case 'p':
            json = va_arg(args, json_t *);
            sql_bind(sql, json == NULL ? NULL : json_text(sql->arena, json));
            break;

        default: /* the compiler refuses what printf does not know; the rest is a fault of the source */
            fprintf(stderr, "sql_put: %%%c is no conversion\n", *percent);
            abort();
        }
    }

    sql_text(sql, p, strlen(p));
}


void
sql_raw(sql_t *sql, const char *text)
{
    sql_text(sql, text, strlen(text));
}


void
sql_bind(sql_t *sql, const char *value)
{
    int  n;
    char number[16];

    sql_value(sql, value);
    n = snprintf(number, sizeof(number), "$%d", sql->n);
    sql_text(sql, number, (size_t) n);
}


void
sql_value(sql_t *sql, const char *value)
{
    const char **values;

    if (sql->n == sql->room) {
        values = arena_alloc(sql->arena, (size_t) sql->room * 2 * sizeof(char *));
        memcpy(values, sql->values, (size_t) sql->n * sizeof(char *));
        sql->values = values;
        sql->room *= 2;
    }

    sql->values[sql->n++] = value;
}


void
sql_append(sql_t *sql, const sql_t *other)
{
    int         base = sql->n;
    char        number[16];
    const char *p, *dollar;
    char       *end;
    long        n;

    for (int k = 0; k < other->n; k++) {
        sql_value(sql, other->values[k]);
    }

    for (p = other->text; (dollar = strchr(p, '$')) != NULL; p = end) {
        sql_text(sql, p, (size_t) (dollar - p));
        end = (char *) dollar + 1;

        if (*end < '0' || *end > '9') { /* a dollar of the text itself */
            sql_text(sql, "$", 1);
            continue;
        }

        n = strtol(dollar + 1, &end, 10);

        sql_text(sql, number, (size_t) snprintf(number, sizeof(number), "$%ld", n + base));
    }

    sql_text(sql, p, strlen(p));
}


const char *
sql_int_array(arena_t *arena, const int64_t *ids, size_t n)
{
    text_t out;

    text_start(&out, arena, 2 + n * 8);
    text_puts(&out, "{");

    for (size_t k = 0; k < n; k++) {
        text_printf(&out, k ? ",%ld" : "%ld", (long) ids[k]);
    }

    text_puts(&out, "}");

    return out.data;
}


const char *
sql_text_array(arena_t *arena, const char *const *texts, size_t n)
{
    text_t out;

    text_start(&out, arena, 64);
    text_puts(&out, "{");

    for (size_t k = 0; k < n; k++) {
        text_puts(&out, k ? "," : "");
        sql_array_text(&out, texts[k], strlen(texts[k]));
    }

    text_puts(&out, "}");

    return out.data;
}


const char *
sql_json_array(arena_t *arena, const json_t *list)
{
    char   *nested;
    size_t  k;
    text_t  out;
    json_t *item;

    text_start(&out, arena, 64);
    text_puts(&out, "{");

    json_array_foreach((json_t *) list, k, item) {
        text_puts(&out, k ? "," : "");

        if (json_is_string(item)) {
            sql_array_text(&out, json_string_value(item), json_string_length(item));
        } else if (json_is_null(item)) {
            text_puts(&out, "NULL");
        } else if (json_is_object(item)) {
            nested = json_text(arena, item);
            sql_array_text(&out, nested, strlen(nested));
        } else {
            json_write(&out, item);
        }
    }

    text_puts(&out, "}");

    return out.data;
}


static void
sql_text(sql_t *sql, const char *text, size_t len)
{
    char *grown;

    if (sql->len + len + 1 > sql->size) {
        sql->size = (sql->len + len + 1) * 2;
        grown = arena_alloc(sql->arena, sql->size);
        memcpy(grown, sql->text, sql->len);
        sql->text = grown;
    }

    memcpy(sql->text + sql->len, text, len);
    sql->len += len;
    sql->text[sql->len] = '\0';
}


/* Always quoted: NULL, commas and braces are then plain text. */
static void
sql_array_text(text_t *out, const char *text, size_t len)
{
    text_puts(out, "\"");

    for (size_t k = 0; k < len; k++) {
        if (text[k] == '"' || text[k] == '\\') {
            text_puts(out, "\\");
        }
        text_add(out, text + k, 1);
    }

    text_puts(out, "\"");
}
