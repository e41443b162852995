#include "inside.h"

void layers_each(void (*visit)(const char *name, const char *summary))
{
    for (int i = 0; layers[i]; i++)
        visit(layers[i]->name, layers[i]->summary);
}

void losses_each(void (*visit)(const char *name, const char *summary))
{
    for (int i = 0; losses[i]; i++)
        visit(losses[i]->name, losses[i]->summary);
}
