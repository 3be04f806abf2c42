/* link: workers/transcode/table.c */
/* Tables of annotations in archives. */

#include <stdint.h>
#include <stdlib.h>

#include "workers/transcode/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char           problem[200];
    size_t         i;
    json_t        *rows, *row;
    static json_t *attributes;
    table_t        table = {.text = (const char *) data, .len = size, .type = 1, .media = 2, .width = 640, .height = 360};

    if (attributes == NULL) {
        attributes = json_loads("[{\"name\": \"i\", \"dtype\": \"int\"}, {\"name\": \"f\", \"dtype\": \"float\"}, {\"name\": \"b\", \"dtype\": \"bool\"},"
                                " {\"name\": \"g\", \"dtype\": \"geopos\"}]", 0, NULL);
    }

    table.attributes = attributes;
    table.state = size > 0 && (data[0] & 1);
    rows = table_read(&table, problem);

    if (rows == NULL && problem[0] == '\0') {
        abort();
    }

    json_array_foreach(rows, i, row)
    {
        if (json_integer_value(json_object_get(row, "type")) != 1 || !json_is_object(json_object_get(row, "attributes"))) {
            abort();
        }
    }

    json_decref(rows);

    return 0;
}
