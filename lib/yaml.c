/*
 * YAML (include/tator/yaml.h).
 */

#include <stdio.h>

#include <yaml.h>

#include <tator/yaml.h>

static bool document(yaml_parser_t *parser, bool *empty, char fault[YAML_FAULT]);


bool
yaml_check(const char *text, size_t len, char fault[YAML_FAULT])
{
    bool          good, empty;
    yaml_parser_t parser;

    fault[0] = '\0';
    if (!yaml_parser_initialize(&parser)) {
        snprintf(fault, YAML_FAULT, "no memory");
        return false;
    }

    yaml_parser_set_input_string(&parser, (const unsigned char *) text, len);

    good = document(&parser, &empty, fault);
    if (good && !empty) {
        good = document(&parser, &empty, fault);
        if (good && !empty) {
            snprintf(fault, YAML_FAULT, "there is more than one document");
            good = false;
        }
    }

    yaml_parser_delete(&parser);

    return good;
}


static bool
document(yaml_parser_t *parser, bool *empty, char fault[YAML_FAULT])
{
    yaml_document_t document;

    if (!yaml_parser_load(parser, &document)) {
        snprintf(fault, YAML_FAULT, "line %zu: %s", parser->problem_mark.line + 1, parser->problem == NULL ? "no memory" : parser->problem);
        return false;
    }

    *empty = yaml_document_get_root_node(&document) == NULL;
    yaml_document_delete(&document);

    return true;
}
