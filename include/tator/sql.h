/*
 * SQL text with bound parameters. The one way to make a statement: sql_put() takes SQL written in the source and
 * conversions that each bind one value. No value ever enters the text, so that the text is one of few shapes and the
 * server prepares each once.
 *
 *     sql_put(q, "SELECT id FROM main_media WHERE project = %ld AND name = %s", project, name);
 *
 * makes  … project = $1 AND name = $2  and binds two values. Conversions (checked by the compiler as printf's):
 *     %d   int, also as boolean          %ld  int64_t (long)        %f  double
 *     %s   text; NULL binds SQL NULL     %p   json_t *, bound as JSON text; NULL binds SQL NULL
 *     %%   a percent sign
 * Arrays are bound as text in PostgreSQL's array form: "= ANY(%s::int[])" with sql_int_array() or sql_text_array().
 */

#ifndef TATOR_SQL_H
#define TATOR_SQL_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>
#include <tator/arena.h>

#define SQL_MAX_PARAMETERS 65535

typedef struct {
    arena_t     *arena;
    char        *text; /* NUL-terminated */
    size_t       len, size;
    const char **values; /* text form, NULL is SQL NULL */
    int          n, room;
    bool         once; /* one of many shapes: planned for its values instead of being prepared */
} sql_t;

sql_t *sql_new(arena_t *arena);

/* Append SQL and bind its conversions; the text must be a literal of the source. */
void sql_put(sql_t *sql, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sql_vput(sql_t *sql, const char *format, va_list args) __attribute__((format(printf, 2, 0)));

/* Append text that comes from a table of the source (a column's expression, an operator); binds nothing, % is plain. */
void sql_raw(sql_t *sql, const char *text);

/* Bind one value and append its $n. */
void sql_bind(sql_t *sql, const char *value);

/* Bind one value; the text already names its $n (the SQL of a table row). */
void sql_value(sql_t *sql, const char *value);

/* Append another statement's text, its parameters renumbered and bound here. */
void sql_append(sql_t *sql, const sql_t *other);

/* '{1,2}' / '{"a","b"}' in the arena. A JSON list of numbers or texts gives the same. */
const char *sql_int_array(arena_t *arena, const int64_t *ids, size_t n);
const char *sql_text_array(arena_t *arena, const char *const *texts, size_t n);
const char *sql_json_array(arena_t *arena, const json_t *list);

#endif
