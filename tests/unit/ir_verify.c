/*
 * Regions that the verifier rejects and that the text form can't express (tests/ir/verify.ir has
 * the others), and a round trip through text of every operation.
 */
#include "ir_test.h"

static struct ir_region r;

static void start(void)
{
    ir_region_reset(&r, &test_target);
    r.raw = true;
    ir_block_new(&r, 0);
    ir_block_begin(&r, 0, false);
    ir_emit(&r, IR_insn, IR_VOID, 0, 0, 0, 0, 4, 0);
}

static void rejected(const char *text)
{
    uint32_t at = 0;
    const char *wrong = ir_verify(&r, &at);
    check(wrong && strcmp(wrong, text) == 0, "verifier said \"%s\", not \"%s\"",
          wrong ? wrong : "nothing", text);
}

static void finish_rejected(const char *text)
{
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    rejected(text);
}

static ir_ref get0(void) { return ir_get(&r, 0); }

static void test_rejections(void)
{
    ir_ref a, set;

    ir_region_reset(&r, &test_target);
    rejected("region without blocks");

    start();
    rejected("block without terminator");

    start();
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    r.blocks[0].end = r.ninsts = r.ninsts + 1;
    r.insts[r.ninsts - 1] = r.insts[r.ninsts - 2];
    rejected("terminator inside a block");

    start();
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    ir_block_begin(&r, ir_block_new(&r, 0), false);
    r.blocks[1].first = r.blocks[0].first;
    r.blocks[1].end = r.blocks[0].end;
    rejected("blocks overlap");

    start();
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    ir_block_new(&r, 0);
    r.blocks[1].first = r.blocks[0].first;
    r.blocks[1].end = r.blocks[0].end;
    rejected("block that was not begun");

    start();
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    r.blocks[0].first++;
    rejected("instruction outside of blocks");

    start();
    a = get0();
    ir_block_new(&r, 0);
    ir_emit(&r, IR_set, IR_VOID, a, 0, 0, 0, 0, 1);
    ir_emit(&r, IR_goto, IR_VOID, 0, 0, 0, 0, 0, 0x10);
    r.nblocks = 1;
    r.insts[1].op = IR_nop;
    r.insts[a].op = IR_nop;
    r.blocks[0].first = a + 1;
    r.blocks[0].entry = false;
    r.insts[a + 1].op = IR_neg; /* uses what stands before the block */
    r.insts[a + 1].type = IR_I64;
    r.insts[a].type = IR_I64;
    r.insts[a + 1].imm = 0;
    rejected("value is defined outside of blocks");

    start();
    a = get0();
    r.insts[a].op = 255;
    finish_rejected("unknown operation or type");
    start();
    a = get0();
    r.insts[a].type = 77;
    finish_rejected("unknown operation or type");

    start();
    a = ir_append(&r, IR_add, IR_I64, r.ninsts + 1, get0(), 0, 0, 0, 0);
    r.insts[a].arg[0] = a;
    finish_rejected("value is used before it is defined");

    start();
    ir_append(&r, IR_add, IR_I64, get0(), 0, 0, 0, 0, 0);
    finish_rejected("operand is missing");
    start();
    a = get0();
    ir_append(&r, IR_neg, IR_I64, a, a, 0, 0, 0, 0);
    finish_rejected("too many operands");
    start();
    set = ir_append(&r, IR_set, IR_VOID, get0(), 0, 0, 0, 0, 1);
    ir_append(&r, IR_set, IR_VOID, set, 0, 0, 0, 0, 1);
    finish_rejected("operand has no value");

    start();
    ir_append(&r, IR_neg, IR_I64, IR_CONST_BIT | 500, 0, 0, 0, 0, 0);
    finish_rejected("constant does not exist");
    static const struct { struct ir_const c; const char *text; } consts[] = {
        {{1ull << 32, 0, IR_I32}, "constant of 32 bits has more"},
        {{1ull << 32, 0, IR_F32}, "constant of 32 bits has more"},
        {{0, 1, IR_I64}, "constant of 64 bits has more"},
        {{1 << 16, 0, IR_F16}, "constant of 16 bits has more"},
        {{0, 0, IR_FLG}, "constant of a type that has none"},
    };
    for (unsigned k = 0; k < sizeof(consts) / sizeof(consts[0]); k++) {
        start();
        a = ir_const(&r, IR_I64, 0);
        r.consts[a & ~IR_CONST_BIT] = consts[k].c;
        ir_append(&r, IR_vzx, IR_V128, a, 0, 0, 0, 0, 0);
        finish_rejected(consts[k].text);
    }

    start();
    ir_append(&r, IR_get, IR_I64, 0, 0, 0, 0, 0, T_NREGS);
    finish_rejected("guest register does not exist");
    start();
    ir_append(&r, IR_call, IR_VOID, 0, 0, 0, 0, 0, 3);
    finish_rejected("helper does not exist");
    start();
    ir_append(&r, IR_amo, IR_I64, get0(), get0(), 0, 0, IR_MEM(3, 0, 0, 0), 9);
    finish_rejected("unknown atomic operation");

    static struct ir_helper bad = {"bad", NULL, IR_MAY_LEAVE, IR_I64, 0};
    struct ir_target target = test_target;
    target.helpers = &bad;
    target.nhelpers = 1;
    start();
    r.target = &target;
    ir_append(&r, IR_call, IR_I64, 0, 0, 0, 0, 0, 0);
    finish_rejected("a helper that may leave gives no value");
}

/* A value of the type that letter l asks for. */
static ir_ref operand(char l, enum ir_type t)
{
    switch (l) {
    case 'w': t = IR_I32; break;
    case 'q': case '.': case 'n': case 'm': case '*': case '?': t = IR_I64; break;
    case 'k': return ir_const(&r, IR_I64, 0x1234567890);
    case 'o': t = IR_I128; break;
    case 'x': t = IR_V128; break;
    case 'f': t = IR_FLG; break;
    case 'e': case 'g': t = IR_F32; break;
    }
    ir_ref x = get0(), v = ir_get(&r, T_Q0);
    switch (t) {
    case IR_I32: return ir1(&r, IR_trunc, IR_I32, x);
    case IR_I128: return ir2(&r, IR_pair, IR_I128, x, ir_const(&r, IR_I64, ~0ull));
    case IR_F16: case IR_F32: case IR_F64: return ir1(&r, IR_vlow, t, v);
    case IR_V128: return v;
    case IR_FLG: return ir_get(&r, T_NZCV);
    default: return x;
    }
}

static char *printed(const struct ir_region *from)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    ir_print(f, from);
    fclose(f);
    return text;
}

/* Every operation with every type, and odd aux and imm, is read back as it was. */
static void test_round_trip(void)
{
    struct ir_region again;
    char err[128];
    ir_region_init(&again, &test_target);
    for (unsigned op = 1; op < IR_NOPS; op++)
        for (unsigned t = IR_I32; t <= IR_V128; t++) {
            const struct ir_opinfo *info = &ir_opinfo[op];
            ir_ref arg[4] = {0};
            bool term = info->effects & IR_E_TERM;
            enum ir_type type = info->result < 0 ? (enum ir_type)t : (enum ir_type)info->result;
            start();
            for (unsigned k = 0; k < info->nargs; k++)
                arg[k] = operand(info->args[k], type);
            bool memory = op == IR_load || op == IR_store;
            int64_t imm = op == IR_zext || op == IR_sext || op == IR_crc32c ? 16 : memory ? -24 : 1;
            ir_append(&r, (enum ir_op)op, type, arg[0], arg[1], arg[2], arg[3],
                      memory ? IR_MEM(2, 0, 2, 1) : 1, op == IR_amo ? 8 : imm);
            if (!term)
                ir_emit(&r, IR_leave, IR_VOID, ir_const(&r, IR_I64, 4), 0, 0, 0, IR_LEAVE_GUEST,
                        -5);
            r.blocks[0].poll = t & 1;
            r.blocks[0].flags_dead = t & 2;
            r.blocks[0].cold = t & 4;
            char *once = printed(&r), *twice = NULL;
            if (check(ir_parse(&again, once, err, sizeof(err)), "%s: %s in\n%s", info->name, err,
                      once)) {
                twice = printed(&again);
                check(strcmp(once, twice) == 0, "%s reads back as\n%s, was\n%s", info->name, twice,
                      once);
                bool same = again.ninsts == r.ninsts;
                for (uint32_t v = 1; same && v < r.ninsts; v++)
                    same = again.insts[v].op == r.insts[v].op &&
                           again.insts[v].aux == r.insts[v].aux &&
                           again.insts[v].imm == r.insts[v].imm &&
                           again.insts[v].type == r.insts[v].type;
                check(same, "%s: instructions differ after reading back\n%s", info->name, once);
            }
            free(once);
            free(twice);
        }
    ir_region_free(&again);
}

int main(void)
{
    ir_region_init(&r, &test_target);
    test_rejections();
    test_round_trip();
    ir_region_free(&r);
    return report();
}
