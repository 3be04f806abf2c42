/* Whether a text is YAML: one document, by libyaml. */

#ifndef TATOR_YAML_H
#define TATOR_YAML_H

#include <stdbool.h>
#include <stddef.h>

#define YAML_FAULT 200

/* false: it is not, and `fault` says why, with the line. No alias is expanded: time and memory grow with the text alone. */
bool yaml_check(const char *text, size_t len, char fault[YAML_FAULT]);

#endif
