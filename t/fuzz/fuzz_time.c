/* Dates: any text, by each of the readers; what was read can be written and read again. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/time.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char              text[TIME_TEXT], *copy;
    datetime_t        out, again;
    static datetime_t today = {.year = 2024, .month = 2, .day = 29};

    copy = malloc(size + 1); /* no byte beyond it */
    if (copy == NULL) {
        return 0;
    }
    memcpy(copy, data, size);

    if (time_parse(copy, size, &today, &out)) {
        time_write(text, &out);
        if (!time_parse(text, strlen(text), &today, &again) || time_instant(&out, 0) != time_instant(&again, 0)) {
            abort();
        }
    }

    (void) time_parse_rfc3339(copy, size, &out);
    (void) time_parse_iso(copy, size, &out);
    (void) time_write_database(text, copy, size, true);
    (void) time_write_database(text, copy, size, false);
    free(copy);

    return 0;
}
