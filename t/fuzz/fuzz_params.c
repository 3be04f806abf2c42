/* Query strings and bodies of callers: whatever they are, the map is made or the refusal has words. */
/* link: ngx_tator_module/api/params.c ngx_tator_module/api/validate.c ngx_tator_module/api/schema.c ngx_tator_module/api/router.c */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const field_t path_fields[] = {{"id", INTEGER(), PATH, "Id."}, {"text", STRING(), PATH, "Text."}, {0}};

static const field_t query_fields[] = {
    {"a", ARRAY(INTEGER(MINIMUM(1))), OPTIONAL, "Ids."},
    {"b", INTEGER(DEFAULT("1")), OPTIONAL, "Number."},
    {"c", NUMBER(), OPTIONAL, "Number."},
    {"d", BOOLEAN(), OPTIONAL, "Boolean."},
    {"e", ARRAY(STRING()), EXPLODED, "Texts."},
    {0},
};

static const schema_t schema_value = ANY(ONE_OF(INLINE(BOOLEAN()), INLINE(NUMBER()), INLINE(STRING()), INLINE(ARRAY(NUMBER(), MIN_ITEMS(1)))));

static const field_t body_fields[] = {
    {"a", FREE_OBJECT(ADDITIONAL(REF(schema_value))), OPTIONAL, "Values."},
    {"b", ARRAY(ARRAY(NUMBER(MINIMUM(0)), MIN_ITEMS(2), MAX_ITEMS(2)), NULLABLE), OPTIONAL, "Points."},
    {"c", STRING(FORMAT("date-time")), OPTIONAL, "Time."},
    {"d", STRING(PATTERN("^#(?:[0-9a-f]{3}){1,2}$"), MAX_LENGTH(7)), OPTIONAL, "Color."},
    {"e", INTEGER(DEFAULT("7")), OPTIONAL, "Number."},
    {0},
};

static const schema_t schema_body = OBJECT(body_fields, NAMED("Body"));

static const endpoint_t rows[] = {
    {POST(OPEN), "/rest/One/{id}/{text}", "One", .params = {path_fields, query_fields}, .body = &schema_body},
    {POST(OPEN), "/rest/Many/{id}/{text}", "Many", .params = {path_fields, query_fields}, .body = &schema_body, .flags = BODY_LIST},
    {0},
};

static const endpoint_t *const tables[] = {rows, NULL};


/* path NUL query NUL body */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str_t          parts[3] = {{0, NULL}};
    char          *path;
    arena_t       *arena;
    route_t        route;
    params_t       out;
    router_t      *router;
    const char    *error = NULL;
    params_input_t input;

    for (size_t k = 0; k < 3; k++) {
        const uint8_t *stop = k < 2 && size ? memchr(data, 0, size) : NULL;
        size_t         len = stop ? (size_t) (stop - data) : size;

        parts[k] = (str_t) {len, (unsigned char *) data};
        data += stop ? len + 1 : len;
        size -= stop ? len + 1 : len;
    }

    arena = arena_create(NULL, NULL);
    router = router_create(arena, tables, &error);

    for (int k = 0; k < 2; k++) {
        path = arena_format(arena, "/rest/%s/%.*s", k ? "Many" : "One", (int) parts[0].len, (char *) parts[0].data);
        router_find(router, STR("POST"), str_of(path), &route);

        if (route.status != 0) {
            router_find(router, STR("POST"), k ? STR("/rest/Many/1/x") : STR("/rest/One/1/x"), &route);
        }

        input = (params_input_t) {.query = parts[1], .content_type = STR("application/json"), .body = parts[2]};

        if (params_read(arena, &route, &input, &out)) {
            if (!json_is_object(out.params)) {
                abort();
            }
        } else if (out.message == NULL || *out.message == '\0') {
            abort();
        }
    }

    arena_destroy(arena);

    return 0;
}
