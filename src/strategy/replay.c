/* No training: each rank goes through the graph that a GOAL file has for it (clock/graph.h), once a
 * step. The driver does it (experiment/replay.c), since there is no model and no mesh. */
#include "threadrack/strategy/strategy.h"

const struct strategy strategy_replay = {
    .name = "replay",
    .summary = "no training: the messages and computing of a GOAL file (LogGOPSim's text); math=off",
    .options = "replay.goal, replay.rules, steps",
};
