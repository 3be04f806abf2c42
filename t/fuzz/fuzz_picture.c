/* Headers of foreign pictures. */

#include <stdint.h>
#include <stdlib.h>

#include <tator/picture.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);


int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    picture_t picture;

    if (picture_probe(data, size, &picture) && (picture.width <= 0 || picture.height <= 0)) {
        abort();
    }

    return 0;
}
