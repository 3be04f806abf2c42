/* Permission labels (labels.h). */

#include "labels.h"

typedef struct {
    const char *letter, *label;
} label_t;

static const label_t labels[] = {
    {"n", "No Access"}, {"r", "View Only"}, {"w", "Can Edit"}, {"t", "Can Transfer"}, {"x", "Can Execute"}, {"a", "Full Control"},
};


const char *
label_letter(const char *label)
{
    for (size_t k = 0; label != NULL && k < sizeof(labels) / sizeof(labels[0]); k++) {
        if (strcmp(labels[k].label, label) == 0) {
            return labels[k].letter;
        }
    }

    return NULL;
}
