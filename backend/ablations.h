/*
 * Numbers of the techniques that can be left out: ablations.def.
 */
#ifndef MYNA_ABLATIONS_H
#define MYNA_ABLATIONS_H

enum ablation {
#define ABLATION(name, option, text) ABLATION_##name,
#include "ablations.def"
};
enum {
#define ABLATION(name, option, text) WITHOUT_##name = 1 << ABLATION_##name,
#include "ablations.def"
};

#endif
