/* The version of module, workers and command line. */

#ifndef TATOR_VERSION_H
#define TATOR_VERSION_H

#define TATOR_VERSION "0.1.0"

#endif
