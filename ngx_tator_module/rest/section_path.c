/*
 * Names as paths (section_path.h). Pure.
 */

#include "section_path.h"


const char *
section_path_of(arena_t *arena, const char *text)
{
    char  *path, *out;
    size_t label = 0, labels = 1;

    path = out = arena_text(arena, text);

    for (const char *p = text; *p != '\0'; p++) {
        if ((*p & 0xc0) == 0x80) { /* one character, however many bytes it has */
            continue;
        }

        if (*p == '.') {
            if (label == 0 || ++labels > SECTION_PATH_LABELS) {
                return NULL;
            }
            label = 0;

        } else if (++label > SECTION_PATH_LABEL) {
            return NULL;
        }

        *out++ = (*p >= '0' && *p <= '9') || (*p >= 'A' && *p <= 'Z') || (*p >= 'a' && *p <= 'z') || *p == '.' ? *p : '_';
    }

    *out = '\0';

    return label > 0 ? path : NULL;
}
