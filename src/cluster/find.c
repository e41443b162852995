/* Finds and reads the cluster's file. */
#include "import/import.h"

#include "threadrack/base/memory.h"
#include "threadrack/base/text.h"
#include "threadrack/cluster/cluster.h"

#include <dirent.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The folder of the running program, without a slash at its end. */
static bool program_folder(char *out, size_t room)
{
    ssize_t length = readlink("/proc/self/exe", out, room - 1);
    if (length <= 0)
        return false;
    out[length] = 0;
    char *slash = strrchr(out, '/');
    if (slash)
        *slash = 0;
    return slash;
}

const char *cluster_folder(int i)
{
    static _Thread_local char folder[PATH_MAX + 64];
    static const char *const beside[] = {"../topologies", "../share/threadrack/topologies"};
    const char *chosen = getenv("THREADRACK_TOPOLOGIES");
    char program[PATH_MAX];
    if (chosen && *chosen && i-- == 0)
        return chosen;
    if (i-- == 0)
        return "topologies";
    if (i > 1 || !program_folder(program, sizeof program))
        return NULL;
    snprintf(folder, sizeof folder, "%s/%s", program, beside[i]);
    return folder;
}

/* The path when a file of that name is there, with or without the ending; else NULL. */
static char *file_at(const char *folder, const char *name)
{
    static const char *const endings[] = {".yaml", ""};
    for (int i = 0; i < 2; i++) {
        char *path = memory_text("%s%s%s%s", folder, *folder ? "/" : "", name, endings[i]);
        if (access(path, F_OK) == 0)
            return path;
        free(path);
    }
    return NULL;
}

static bool looks_like_path(const char *name)
{
    const char *dot = strrchr(name, '.');
    return strchr(name, '/') ||
           (dot && (!strcmp(dot, ".yaml") || !strcmp(dot, ".yml") || !strcmp(dot, ".xml")));
}

char *cluster_find_file(const char *name)
{
    char *path = looks_like_path(name) ? file_at("", name) : NULL;
    const char *folder;
    for (int i = 0; !path && name[0] != '/' && (folder = cluster_folder(i)); i++)
        path = file_at(folder, name);
    return path;
}

/* The names of the shipped files. */
struct names {
    char **items;
    int count, room;
};

static void list_folder(const char *folder, struct names *names)
{
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory && (entry = readdir(directory))) {
        const char *ending = strstr(entry->d_name, ".yaml");
        if (ending && ending > entry->d_name)
            *vector_push(&names->items, &names->count, &names->room) =
                memory_text("%.*s", (int)(ending - entry->d_name), entry->d_name);
    }
    if (directory)
        closedir(directory);
}

static bool say_missing(const struct config *config, const char *name, struct errors *errors)
{
    struct names names = {0};
    struct text folders = {0};
    const char *folder;
    for (int i = 0; (folder = cluster_folder(i)); i++) {
        text_add(&folders, "%s%s", i ? ", " : "", folder);
        list_folder(folder, &names);
    }
    const char *suggestion = text_suggestion(name, (const char *const *)names.items, names.count);
    errors_add(errors, "%s: no cluster file '%s'; looked in %s%s", config_where(config, "cluster"),
               name, folders.bytes, *suggestion ? suggestion : " (threadrack list clusters)");
    for (int i = 0; i < names.count; i++)
        free(names.items[i]);
    free(names.items);
    text_release(&folders);
    return false;
}

bool cluster_read(struct config *config, struct errors *errors)
{
    const char *name = config_text(config, "cluster");
    if (!name)
        return true;
    char *path = cluster_find_file(name);
    if (!path)
        return say_missing(config, name, errors);
    bool good = import_is_wanted(config)        ? import_read(config, path, errors)
                : astra_is_wanted(config, path) ? astra_read(config, path, errors)
                                                : config_read(config, path, "cluster.", SOURCE_CLUSTER, errors);
    free(path);
    return good;
}
