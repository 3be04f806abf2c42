/* Log lines that are masked. */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <tator/secrets.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


/* Never longer than it was. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char  *text;
    size_t len;

    text = malloc(size + 1);
    if (text == NULL) {
        return 0;
    }

    memcpy(text, data, size);
    len = secrets_mask(text, size);

    if (len > size) {
        abort();
    }

    free(text);

    return 0;
}
