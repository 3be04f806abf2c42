/* Paths of sections: any name becomes a path that ltree can hold, or none. */
/* link: ngx_tator_module/rest/section_path.c */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "rest/section_path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t      label = 0;
    arena_t    *arena = arena_create(NULL, NULL);
    const char *path;

    path = section_path_of(arena, arena_copy(arena, data, size));

    for (const char *p = path; p != NULL; p++) {
        if (*p == '.' || *p == '\0') {
            if (label == 0 || label > SECTION_PATH_LABEL) {
                abort();
            }
            label = 0;
        } else if (strchr("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_", *p) == NULL) {
            abort();
        } else {
            label++;
        }

        if (*p == '\0') {
            break;
        }
    }

    if (path != NULL && strcmp(path, section_path_of(arena, path)) != 0) {
        abort();
    }

    arena_destroy(arena);

    return 0;
}
