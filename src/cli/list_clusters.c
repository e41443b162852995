/* Families of `list` that describe simulated machines. */
#include "list.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/base/units.h"
#include "threadrack/cluster/device.h"

#include "commands.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 64 };

static int is_cluster(const struct dirent *entry)
{
    const char *ending = strrchr(entry->d_name, '.');
    return ending && ending > entry->d_name && !strcmp(ending, ".yaml");
}

/* Up to the end of the first sentence, a full stop at a line's end or before a space. */
static bool take_sentence(struct text *sentence, const char *line)
{
    for (const char *c = line + strspn(line, "# "); *c && *c != '\n'; c++) {
        text_add(sentence, "%c", *c);
        if (*c == '.' && strchr(" \n", c[1]))
            return true;
    }
    text_add(sentence, " ");
    return false;
}

/* A file says what it is in the first sentence of its comment. */
static void list_cluster(const char *folder, const char *file)
{
    char *path = memory_text("%s/%s", folder, file), line[256];
    char *name = memory_text("%.*s", (int)(strlen(file) - strlen(".yaml")), file);
    FILE *stream = fopen(path, "r");
    struct text sentence = {0};
    while (stream && fgets(line, sizeof line, stream) && *line == '#' &&
           !take_sentence(&sentence, line))
        ;
    if (sentence.bytes)
        list_row(name, sentence.bytes, NULL);
    text_release(&sentence);
    if (stream)
        fclose(stream);
    free(name);
    free(path);
}

/* Of the first folder that is there: the others hold the same files. */
int list_clusters(void)
{
    const char *folder;
    for (int i = 0; (folder = cluster_folder(i)); i++) {
        struct dirent **files = NULL;
        int count = scandir(folder, &files, is_cluster, alphasort);
        for (int f = 0; f < count; f++) {
            list_cluster(folder, files[f]->d_name);
            free(files[f]);
        }
        free(files);
        if (count > 0)
            return EXIT_OK;
    }
    fputs("threadrack: the folder 'topologies' with the cluster files is missing\n", stderr);
    return EXIT_FAILED;
}

int list_devices(void)
{
    for (const struct device_preset *preset = device_presets; preset->name; preset++) {
        struct text details = {0};
        char rate[ROOM], bandwidth[ROOM], memory[ROOM];
        for (int p = 0; p < PRECISIONS; p++)
            if (preset->peak_Gflops[p])
                text_add(&details, "%s %s, ", precision_names[p],
                         units_format(preset->peak_Gflops[p] * 1000000000, UNIT_FLOPS, rate, ROOM));
        text_add(&details, "memory %s, %s",
                 units_format(preset->memory_bandwidth_Bps, UNIT_BANDWIDTH, bandwidth, ROOM),
                 units_format(preset->memory_bytes, UNIT_SIZE, memory, ROOM));
        list_row(preset->name, preset->summary, details.bytes);
        text_release(&details);
    }
    return EXIT_OK;
}
