#include "cgroup.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* One line of /proc/self/cgroup: "hierarchy:controller,controller:/path"; version 2 is "0::/path".
 * Where both are mounted, version 2 sits in /sys/fs/cgroup/unified. */
static bool is_listed(const char *controllers, const char *controller)
{
    char padded[256], wanted[64];
    snprintf(padded, sizeof padded, ",%s,", controllers);
    snprintf(wanted, sizeof wanted, ",%s,", controller);
    return strstr(padded, wanted);
}

static void climb(const char *mount, const char *path, int version,
                  void (*visit)(void *context, const char *folder, int version), void *context)
{
    char folder[4352];
    int root = snprintf(folder, sizeof folder, "%s", mount);
    snprintf(folder + root, sizeof folder - (size_t)root, "%s", strcmp(path, "/") ? path : "");
    for (char *end = folder + strlen(folder); end; end = strrchr(folder + root, '/')) {
        *end = 0;
        visit(context, folder, version);
    }
}

void cgroup_each(const char *controller,
                 void (*visit)(void *context, const char *folder, int version), void *context)
{
    FILE *file = fopen("/proc/self/cgroup", "r");
    char line[4352], mount[128];
    while (file && fgets(line, sizeof line, file)) {
        line[strcspn(line, "\n")] = 0;
        char *controllers = strchr(line, ':'),
             *path = controllers ? strchr(controllers + 1, ':') : NULL;
        if (!path)
            continue;
        *path++ = 0;
        if (!*++controllers) {
            climb("/sys/fs/cgroup", path, 2, visit, context);
            climb("/sys/fs/cgroup/unified", path, 2, visit, context);
        } else if (is_listed(controllers, controller)) {
            snprintf(mount, sizeof mount, "/sys/fs/cgroup/%s", controller);
            climb(mount, path, 1, visit, context);
        }
    }
    if (file)
        fclose(file);
}

bool cgroup_number(const char *folder, const char *name, uint64_t *value)
{
    char path[4608];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    bool found = file && fscanf(file, "%" SCNu64, value) == 1;
    if (file)
        fclose(file);
    return found;
}

uint64_t cgroup_field(const char *folder, const char *name, const char *key)
{
    char path[4608], word[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *file = fopen(path, "r");
    uint64_t value = 0, found = 0;
    while (file && !found && fscanf(file, "%63s %" SCNu64, word, &value) == 2)
        found = strcmp(word, key) ? 0 : value;
    if (file)
        fclose(file);
    return found;
}
