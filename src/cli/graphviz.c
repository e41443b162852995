#include "graphviz.h"

#include "threadrack/base/replace.h"
#include "threadrack/base/units.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_DRAWN = 2000 }; /* cables; dot takes minutes beyond, for a picture that nobody reads */

extern char **environ;

static void put_vertices(const struct cluster *cluster, FILE *file)
{
    for (int v = 0; v < cluster->vertices; v++) {
        bool is_switch = v >= cluster->places, is_node = v < cluster->nodes;
        fprintf(file, "  %s%s;\n", cluster_vertex_name(cluster, v),
                is_switch ? " [shape=box]" : is_node ? "" : " [style=dashed]");
    }
}

static void put_cables(const struct cluster *cluster, FILE *file)
{
    for (int i = 0; i < cluster->link_count; i += 2) {
        const struct link *link = &cluster->links[i];
        char bandwidth[64], latency[64];
        fprintf(file, "  %s -- ", cluster_vertex_name(cluster, link->from));
        fprintf(file, "%s [tooltip=\"%s %s\"];\n", cluster_vertex_name(cluster, link->to),
                units_format(link->bandwidth_Bps, UNIT_BANDWIDTH, bandwidth, sizeof bandwidth),
                units_format(link->latency_ps, UNIT_TIME, latency, sizeof latency));
    }
}

/* Names are quoted: a file may be called anything. */
static bool put_graph(FILE *file, const void *context)
{
    const struct cluster *cluster = context;
    fprintf(file, "graph \"");
    for (const char *c = cluster->name; *c; c++)
        fprintf(file, "%s%c", *c == '"' || *c == '\\' ? "\\" : "", *c);
    fprintf(file, "\" {\n  layout=%s;\n  overlap=false;\n  node [fontsize=10];\n",
            cluster->vertices > cluster->places ? "dot" : "neato");
    put_vertices(cluster, file);
    put_cables(cluster, file);
    fprintf(file, "}\n");
    return !fflush(file) && !ferror(file);
}

bool graphviz_write(const struct cluster *cluster, const char *path, struct errors *errors)
{
    if (strcmp(path, "-"))
        return file_replace(path, put_graph, cluster, errors);
    return put_graph(stdout, cluster) ||
           errors_add_status(errors, STATUS_FAILED, "--dot: cannot write: %s", strerror(errno));
}

/* Runs dot with the file as its input; what it exits with, or -1 when it cannot be started. */
static int run_dot(int input, const char *path)
{
    char *words[] = {"dot", "-Tpng", "-o", (char *)path, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = -1;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, STDIN_FILENO);
    if (!posix_spawnp(&child, "dot", &actions, NULL, words, environ))
        waitpid(child, &status, 0);
    posix_spawn_file_actions_destroy(&actions);
    return status < 0 ? -1 : WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

bool graphviz_draw(const struct cluster *cluster, const char *path, struct errors *errors)
{
    if (cluster->link_count / 2 > MOST_DRAWN)
        return errors_add(errors, "--png: a picture of %d cables cannot be read (at most %d); give "
                          "fewer nodes, or --dot FILE", cluster->link_count / 2, MOST_DRAWN);
    FILE *file = tmpfile();
    if (!file)
        return errors_add_status(errors, STATUS_FAILED, "--png: no temporary file: %s",
                                 strerror(errno));
    put_graph(file, cluster);
    rewind(file);
    int code = run_dot(fileno(file), path);
    fclose(file);
    if (code < 0 || code == 127)
        return errors_add_status(errors, STATUS_FAILED, "--png: the program `dot` is not installed "
                                 "(apt-get install graphviz); --dot FILE writes what it would draw");
    return code == 0 ||
           errors_add_status(errors, STATUS_FAILED, "--png: dot could not write '%s'", path);
}
