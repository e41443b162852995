#include "rows.h"

void results_print_json(const struct sweep *sweep, bool array, FILE *stream)
{
    json_t *all = json_array();
    for (int i = 0; i < sweep->count; i++)
        if (sweep->points[i].result)
            json_array_append_new(all, run_to_json((struct place){
                                           .sweep = sweep,
                                           .index = i,
                                           .result = sweep->points[i].result,
                                       }));
    json_t *what = array ? all : json_array_get(all, 0);
    if (what)
        json_dumpf(what, stream, JSON_INDENT(2) | JSON_REAL_PRECISION(12));
    fputc('\n', stream);
    json_decref(all);
}
