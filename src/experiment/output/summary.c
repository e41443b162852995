#include "rows.h"
#include "table.h"

#include <inttypes.h>

static void print_learning(const struct result *result, FILE *stream)
{
    if (isnan(result->final_loss))
        return;
    fprintf(stream, "  learning       loss %.4g", result->final_loss);
    if (!isnan(result->final_accuracy))
        fprintf(stream, ", test accuracy %s", share_words(result->final_accuracy));
    fputs(" at the end\n", stream);
}

static void print_target(const struct result *result, FILE *stream)
{
    if (!result->has_target)
        return;
    if (result->target_reached)
        fprintf(stream, "  target         reached after %d steps, %s simulated, %" PRIu64 " bytes sent\n",
                result->target_step, time_words((double)result->target_ps * 1e-12),
                result->target_bytes);
    else
        fprintf(stream, "  target         not reached within %d steps\n", result->steps);
}

static void print_hottest(const struct result *result, FILE *stream)
{
    if (result->hottest_link < 0)
        return;
    const struct link_result *link = &result->link[result->hottest_link];
    if (isnan(link->busy_share))
        fprintf(stream, "  hottest link   %s by bytes: %" PRIu64 "\n", link->name, link->record.bytes);
    else
        fprintf(stream, "  hottest link   %s by busy share: %s, %" PRIu64 " bytes\n", link->name,
                share_words(link->busy_share), link->record.bytes);
}

/* Of a replay, all that the file has is one step. */
static void print_length(const struct result *result, FILE *stream)
{
    double length_s = (double)result->length_ps * 1e-12;
    if (result->mesh_data == 0)
        fprintf(stream, "  simulated      %s for all that the file has\n", time_words(length_s));
    else
        fprintf(stream, "  simulated      %s for %d step%s, %s a step\n", time_words(length_s), result->steps,
                result->steps == 1 ? "" : "s", time_words(result->step_s));
}

static void print_figures(const struct result *result, FILE *stream)
{
    char peak[32];
    print_length(result, stream);
    if (!isnan(result->speedup))
        fprintf(stream, "  speed-up       %s over `single` (%s a step), efficiency %s\n",
                number_words(result->speedup, 2), time_words(result->single_step_s),
                share_words(result->efficiency));
    if (!result->node) /* stopped in the midst of a step */
        return;
    fprintf(stream,
            "  where it went  compute %s, exposed communication %s, bubble %s, waiting %s\n",
            share_words(result->compute_share), share_words(result->communication_share),
            share_words(result->bubble_share), share_words(result->waiting_share));
    fprintf(stream, "  imbalance      %s (slowest node over mean)\n",
            number_words(result->imbalance, 3));
    fprintf(stream, "  sent           %" PRIu64 " messages, %" PRIu64 " bytes%s%s\n",
            result->messages_sent, result->bytes_sent,
            result->allreduce && *result->allreduce ? ", collectives by " : "",
            result->allreduce ? result->allreduce : "");
    print_hottest(result, stream);
    fprintf(stream, "  memory         %s on the fullest node\n",
            units_format(result->peak_memory_bytes, UNIT_SIZE, peak, sizeof peak));
}

enum { PLACES_SHOWN = 8 };

static void print_places(const struct config *point, const struct result *result, FILE *stream)
{
    if (!result->node_of)
        return;
    fprintf(stream, "  placement      %s: ranks 0, 1, ... on nodes ", config_text(point, "placement"));
    for (int rank = 0; rank < result->nodes && rank < PLACES_SHOWN; rank++)
        fprintf(stream, "%s%d", rank ? ", " : "", result->node_of[rank]);
    fputs(result->nodes > PLACES_SHOWN ? ", ... (nodes.csv)\n" : "\n", stream);
}

void summary_print(const struct config *point, const struct result *result, FILE *stream)
{
    const char *strategy = result->strategy ? result->strategy : asked_text(point, "strategy");
    fprintf(stream, "%s", strategy ? strategy : "run");
    if (result->nodes)
        fprintf(stream, " on %d node%s", result->nodes, result->nodes == 1 ? "" : "s");
    if (result->cluster)
        fprintf(stream, " of %s", result->cluster);
    if (result->mesh_data)
        fprintf(stream, " (data %d x tensor %d x pipeline %d", result->mesh_data,
                result->mesh_tensor, result->mesh_pipeline);
    if (result->mesh_context > 1)
        fprintf(stream, " x context %d", result->mesh_context);
    if (result->mesh_expert > 1)
        fprintf(stream, " x expert %d", result->mesh_expert);
    fputs(result->mesh_data ? ")" : "", stream);
    fputs("\n", stream);
    if (result->model)
        fprintf(stream, "  trains         %s, %" PRIu64 " parameters", result->model,
                result->parameters);
    if (result->model && result->batch)
        fprintf(stream, ", %" PRIu64 " rows a step", result->batch);
    if (result->model)
        fputs("\n", stream);
    print_places(point, result, stream);
    if (result->status != STATUS_OK)
        fprintf(stream, "  %-13s  %s\n", status_name(result->status),
                result->reason ? result->reason : "");
    if (result->steps > 0) {
        print_figures(result, stream);
        print_learning(result, stream);
        print_target(result, stream);
    }
    for (int i = 0; i < result->note_count; i++)
        fprintf(stream, "  note           %s\n", result->notes[i]);
}
