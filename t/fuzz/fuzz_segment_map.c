/* Segment maps: any bytes, in any pieces, give a map whose boxes follow each other, or none. */

#include <stdint.h>
#include <stdlib.h>

#include <tator/segment_map.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t         step, at, i;
    json_t        *root, *entry;
    json_int_t     offset = 0;
    segment_map_t *map;

    if (size < 1) {
        return 0;
    }

    step = data[0] + 1u;
    map = segment_map_create();

    for (at = 1; at < size && segment_map_feed(map, data + at, step < size - at ? step : size - at); at += step) {
        /* in pieces */
    }

    root = segment_map_json(map, 0);

    json_array_foreach(json_object_get(root, "segments"), i, entry)
    {
        if (json_integer_value(json_object_get(entry, "offset")) != offset) {
            abort();
        }

        offset += json_integer_value(json_object_get(entry, "size"));
    }

    if (root != NULL && offset != (json_int_t) size - 1) {
        abort();
    }

    json_decref(root);
    segment_map_destroy(map);

    return 0;
}
