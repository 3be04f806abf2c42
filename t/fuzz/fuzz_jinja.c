/* Templates: any text is rendered or refused, within its bounds. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/jinja.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t                        len;
    arena_t                      *arena = arena_create(NULL, NULL);
    const char                   *fault = NULL;
    static const jinja_variable_t variables[] = {{"name", "World"}, {"list", "a,b,c"}, {"n", "7"}};

    if (arena == NULL) {
        return 0;
    }

    if ((jinja_render(arena, (const char *) data, size, variables, 3, &len, &fault) == NULL) != (fault != NULL)) {
        abort();
    }

    arena_destroy(arena);

    return 0;
}
