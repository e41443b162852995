/* Which activations are dropped, and where those lie that are made again. */
#include "inside.h"

void model_set_recompute(struct model_spec *spec, enum recompute kind)
{
    spec->recompute = kind;
}

static bool is_second_half(const struct layer *layer)
{
    return layer->ops == &layer_feed_forward || layer->ops == &layer_experts;
}

/* A layer that keeps more than its input and its output. */
static bool keeps_more(const struct layer *layer)
{
    bool bare = layer->ops == &layer_linear || layer->ops == &layer_conv;
    return layer->ops->needs && (!bare || layer->activation == ACTIVATION_GELU ||
                                 layer->activation == ACTIVATION_GELU_TANH);
}

bool model_can_recompute(const struct model_spec *spec, enum recompute kind)
{
    for (int i = 0; i < spec->layer_count; i++)
        if (kind == RECOMPUTE_FULL ? keeps_more(&spec->layers[i])
                                   : spec->layers[i].ops == &layer_attention)
            return true;
    return false;
}

/* Whether the part ends a block that the part before it begins. */
static bool joins(const struct model_part *part)
{
    return !part->begins && is_second_half(part->layer) &&
           part[-1].layer->ops == &layer_attention;
}

/* The output of a block's first half is dropped with the rest. */
static void mark_block(struct model_part *part)
{
    bool drops = false;
    for (int i = 0; i < SAVED_MOST; i++)
        drops |= part->saved[i].of_pass;
    if (!joins(part)) {
        part->again = drops;
        return;
    }
    part->again = 2;
    part[-1].again = 0;
    part[-1].y.of_pass = part->x.of_pass = true;
}

/* An embedding has its dropout's mask, which is less than what making it again would take. */
static bool keeps_mask_only(const struct layer *layer)
{
    return layer->ops == &layer_embedding;
}

void recompute_mark(struct model *model, struct model_part *part, const struct layer_needs *needs)
{
    enum recompute kind = model->trains ? model->spec->recompute : RECOMPUTE_NONE;
    for (int i = 0; i < SAVED_MOST; i++)
        part->saved[i] = (struct buffer){
            .width = needs->saved[i],
            .full = needs->full[i],
            .of_pass = needs->saved[i] && ((kind == RECOMPUTE_FULL && !keeps_mask_only(part->layer)) ||
                                           (kind == RECOMPUTE_SELECTIVE && needs->core[i]))};
    if (kind == RECOMPUTE_FULL)
        mark_block(part);
}

int model_parts_again(const struct model *model, int i)
{
    return model->parts[i].again;
}

/* Halves of a block are there together. */
enum { HALVES = 2 };

/* Room for the widest of several buffers, and as much as the largest is accounted with. */
struct room {
    size_t floats, accounted;
};

static void widen(struct rank *self, struct room *room, const struct buffer *buffer)
{
    size_t accounted =
        buffer->width * rank_number_bytes(self, buffer->full ? NUMBER_FULL : NUMBER_VALUE);
    room->floats = buffer->width > room->floats ? buffer->width : room->floats;
    room->accounted = accounted > room->accounted ? accounted : room->accounted;
}

static float *take(struct rank *self, const struct model *model, struct room room)
{
    return room.floats ? rank_alloc_accounted(self, MEMORY_ACTIVATIONS,
                                              model->at_once * room.floats * sizeof(float),
                                              model->at_once * room.accounted)
                       : NULL;
}

static void place_saved(struct rank *self, struct model *model, int half, int i)
{
    struct room room = {0};
    for (int p = 0; p < model->part_count; p++) {
        const struct model_part *part = &model->parts[p];
        if ((int)joins(part) == half && part->saved[i].of_pass)
            widen(self, &room, &part->saved[i]);
    }
    float *base = take(self, model, room);
    for (int p = 0; p < model->part_count; p++)
        if ((int)joins(&model->parts[p]) == half && model->parts[p].saved[i].of_pass)
            model->parts[p].saved[i].base = base;
}

static void place_between(struct rank *self, struct model *model)
{
    struct room room = {0};
    for (int p = 0; p < model->part_count; p++)
        if (model->parts[p].y.of_pass)
            widen(self, &room, &model->parts[p].y);
    float *base = take(self, model, room);
    for (int p = 0; p + 1 < model->part_count; p++)
        if (model->parts[p].y.of_pass)
            model->parts[p].y.base = model->parts[p + 1].x.base = base;
}

void recompute_place(struct rank *self, struct model *model)
{
    for (int half = 0; half < HALVES; half++)
        for (int i = 0; i < SAVED_MOST; i++)
            place_saved(self, model, half, i);
    place_between(self, model);
}
