#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>
#include "pipeline.h"
#include "source.h"
int main(int argc, char **argv)
{
    fault_t fault = FAULT_INITIALIZER;
    static plan_t plan;
    result_t result;
    destination_t *d = directory_open(argv[2], &fault);
    source_t *s = source_open(argv[1], true, &fault);
    input_t *in = s ? input_open(s, argc > 3 ? atof(argv[3]) : -1, 2, &fault) : NULL;
    json_t *archive = json_loads(getenv("ARCHIVE") ? getenv("ARCHIVE") : "[{\"encode\":{\"vcodec\":\"copy\"}}]", 0, NULL);
    json_t *st = getenv("STREAMING") ? json_loads(getenv("STREAMING"), 0, NULL) : NULL;
    if (in) {
        plan.n_rungs = ladder_plan(plan.rungs, in->height, st, NULL);
        plan.thumbnail = plan.animation = plan.sound = true;
        plan.archives = archive; plan.threads = 2; plan.force_fps = argc > 3 ? atof(argv[3]) : 0;
        pipeline_run(in, argv[1], true, &plan, d, &result, &fault);
        printf("frames %ld damaged %ld drop %ld dup %ld %dx%d rate %d/%d\n", result.frames, result.damaged, result.dropped, result.doubled, in->width, in->height, in->rate.num, in->rate.den);
    }
    input_close(in); source_close(s); directory_close(d); json_decref(archive); json_decref(st);
    if (fault.set) { fprintf(stderr, "FAILED: %s\n", fault.text); return 1; }
    return 0;
}
