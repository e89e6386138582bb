/*
 * The passes, in their order. In debug builds the verifier runs after each.
 *
 *   letter  pass            what it does
 *   f       ir_pass_fold    sends a raw region through the folding builder; a region that was built
 *                           by ir_emit has been folded already and skips it
 *   d       ir_pass_dead    dead values, dead sets, dead flags; counts uses
 */
#include "ir.h"

static const struct {
    char letter;
    bool raw_only;
    void (*run)(struct ir_region *r);
} passes[] = {
    {'f', true, ir_pass_fold},
    {'d', false, ir_pass_dead},
};

static void check(const struct ir_region *r, char letter)
{
#ifdef MYNA_DEBUG
    uint32_t at;
    const char *wrong = ir_verify(r, &at);
    if (wrong) {
        fprintf(stderr, "myna: IR of %#llx is wrong after stage %c at %%%u: %s\n",
                (unsigned long long)r->pc, letter, at, wrong);
        ir_print(stderr, r);
        assert(!"IR verifier");
    }
#endif
}

void ir_optimise(struct ir_region *r)
{
    bool raw = r->raw;
    check(r, 'b');
    for (size_t i = 0; i < sizeof(passes) / sizeof(passes[0]); i++)
        if (raw || !passes[i].raw_only) {
            passes[i].run(r);
            check(r, passes[i].letter);
        }
}
