/* JSON: the depth scan never lets a deep text through, and what is written reads back the same. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char        *text;
    json_t      *value, *again;
    arena_t     *arena;
    json_error_t error;

    value = json_parse(data, size, &error);
    if (value == NULL) {
        return 0;
    }

    arena = arena_create(NULL, NULL);
    text = json_text(arena, value);
    again = json_parse(text, strlen(text), &error);

    if (again == NULL || !json_equal(value, again)) {
        abort();
    }

    json_decref(value);
    json_decref(again);
    arena_destroy(arena);

    return 0;
}
