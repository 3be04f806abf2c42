/* The SQL builder: foreign bytes are bound or quoted, never part of the text. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>
#include <tator/sql.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char        *text;
    sql_t       *sql, *outer;
    json_t      *list;
    arena_t     *arena = arena_create(NULL, NULL);
    json_error_t error;
    const char  *texts[2];

    text = arena_copy(arena, data, size);
    sql = sql_new(arena);
    sql_put(sql, "a = %s AND b = ANY(%s::text[])", text, text);

    if (strcmp(sql->text, "a = $1 AND b = ANY($2::text[])") != 0 || strcmp(sql->values[0], text) != 0) {
        abort();
    }

    outer = sql_new(arena);
    sql_put(outer, "%d, ", 1);
    sql_append(outer, sql);
    if (strcmp(outer->text, "$1, a = $2 AND b = ANY($3::text[])") != 0) {
        abort();
    }

    texts[0] = texts[1] = text;
    (void) sql_text_array(arena, texts, 2);

    list = json_parse(data, size, &error);
    if (json_is_array(list)) {
        (void) sql_json_array(arena, list);
    }
    json_decref(list);

    arena_destroy(arena);

    return 0;
}
