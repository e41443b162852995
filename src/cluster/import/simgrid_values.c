#include "simgrid.h"

#include "threadrack/base/text.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

bool simgrid_read_bandwidth(struct simgrid *reading, const struct element *element,
                            const char *name, uint64_t *Bps)
{
    const char *text = simgrid_get(element, name);
    return simgrid_bandwidth(text, Bps) ||
           simgrid_say(reading, element, "%s: '%.40s': expected one bandwidth of at least 1Bps such "
                       "as 1GBps (bytes) or 1Gbps (bits)", name, text);
}

bool simgrid_read_time(struct simgrid *reading, const struct element *element, const char *name,
                       uint64_t *ps)
{
    const char *text = simgrid_get(element, name);
    *ps = 0;
    return !*text || simgrid_time(text, ps) ||
           simgrid_say(reading, element, "%s: '%.40s': expected a time such as 50us, at most 1000s",
                       name, text);
}

/* A list of speeds, one for each pstate, of which the attribute pstate chooses one. Of one core:
 * what one computation has in SimGrid, too. */
bool simgrid_read_speed(struct simgrid *reading, const struct element *element, double *speed)
{
    const char *text = simgrid_get(element, "speed"), *pstate = simgrid_get(element, "pstate");
    const char *core = simgrid_get(element, "core");
    char piece[64], *end;
    long chosen = *pstate ? (long)strtod(pstate, &end) : 0;
    for (long i = 0; i < chosen && text; i++)
        text = strchr(text, ',') ? strchr(text, ',') + 1 : NULL;
    if (!text || chosen < 0 || chosen > 1000)
        return simgrid_say(reading, element, "pstate: '%.40s': there is no such speed", pstate);
    snprintf(piece, sizeof piece, "%.*s", (int)strcspn(text, ","), text);
    if (*core && strcmp(core, "1"))
        remarks_add(reading->remarks, reading->path, element->line,
                    "of several cores, a node computes with one: cluster.device.flops sets another "
                    "rate");
    return simgrid_speed(piece, speed) ||
           simgrid_say(reading, element, "speed: '%.40s': expected a speed such as 1Gf", piece);
}

bool simgrid_read_sharing(struct simgrid *reading, const struct element *element, const char *name,
                          enum sharing fallback, enum sharing *sharing)
{
    static const char *const names[] = {"SHARED", "SPLITDUPLEX", "FATPIPE", "FULLDUPLEX"};
    const char *text = simgrid_get(element, name);
    *sharing = fallback;
    if (!*text)
        return true;
    for (int i = 0; i < 4; i++)
        if (!strcmp(text, names[i])) {
            *sharing = i == 3 ? SHARING_SPLIT : (enum sharing)i;
            return true;
        }
    return simgrid_say(reading, element, "%s: '%.40s' is not modelled: expected SHARED, SPLITDUPLEX "
                       "or FATPIPE%s", name, text, text_suggestion(text, names, 4));
}
