/* Values of attributes: any JSON as each dtype is refused in words or becomes a value that stays what it is when it is read again. */
/* link: t/fuzz/support/request.c ngx_tator_module/api/attribute_value.c ngx_tator_module/api/attributes.c */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/json.h>

#include "api/attributes.h"
#include "support/request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


static void
convert(arena_t *arena, const json_t *type, const json_t *value)
{
    json_t     *out, *again;
    const char *message = NULL;

    out = attribute_convert(arena, type, value, &message);

    if ((out == NULL) != (message != NULL)) {
        abort();
    }

    if (out == NULL) {
        json_decref(json_string(message));
        return;
    }

    again = attribute_convert(arena, type, out, &message);

    if (again == NULL || !json_equal(out, again)) {
        abort();
    }

    json_decref(again);
    json_decref(out);
}


/* Values of all attributes at once: as of a new row, and as of a changed one. */
static void
change(fuzz_request_t *request, const json_t *types, json_t *given)
{
    if (setjmp(request->refused) != 0) {
        fuzz_refusal(request);
        return;
    }

    json_object_set(request->rq.params, "attributes", given);
    json_object_set(request->rq.params, "reset_attributes", json_object_get(given, "reset"));
    json_object_set(request->rq.params, "null_attributes", json_object_get(given, "null"));
    json_object_del(given, "reset");
    json_object_del(given, "null");

    (void) attributes_on_patch(&request->rq, types, "entity type Fuzz");
    (void) attributes_on_create(&request->rq, types, given);
}


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t          k;
    json_t         *types, *type, *value;
    json_error_t    error;
    fuzz_request_t *request;

    value = json_parse(data, size, &error);

    if (value == NULL) {
        return 0;
    }

    request = fuzz_request_new();
    rq_own(&request->rq, value);
    types = rq_own(&request->rq, json_loads(fuzz_attribute_types, 0, NULL));

    json_array_foreach(types, k, type) {
        convert(request->rq.arena, type, value);
    }

    if (json_is_object(value)) {
        change(request, types, value);
    }

    fuzz_request_end(request);

    return 0;
}
