/* The module's configuration: http-level settings are in core/process.h. */

#ifndef TATOR_CONF_H
#define TATOR_CONF_H

#include "process.h"

typedef struct {
    ngx_flag_t enable;
} location_conf_t;

extern ngx_module_t      ngx_tator_module;
extern ngx_command_t     conf_commands[];
extern ngx_http_module_t conf_context;

#endif
